"""Vision transformers of timm: DINOv2, DINOv3, CLIP and SigLIP 2, each read the way its authors read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from visualmemory_gui.engine.encoders import download, hub, weights
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import EncoderIdentity, EncoderInfo, Geometry

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import SpatialTorchEncoder

Triple = tuple[float, float, float]
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
_META_LICENCE = "DINOv3 License (Meta's own terms, to be accepted before use)"
_META_TERMS = "https://ai.meta.com/resources/models-and-libraries/dinov3-license"


@dataclass(frozen=True, slots=True)
class Spec:
    """One model: ``timm_name`` with its tag, ``repository`` on the hub, ``read`` what its vector is.

    ``megabytes`` is how large its file of weights is; ``options`` go to timm when the network is built. ``terms`` is
    where a licence stands that has to be accepted.
    """

    name: str
    timm_name: str
    dim: int
    megabytes: int
    licence: str
    read: str
    colours: tuple[Triple, Triple]
    geometry: Geometry
    repository: str
    options: Mapping[str, Any] = field(default_factory=dict)
    terms: str = ""

    @property
    def preprocess(self) -> str:
        where, (mean, std) = self.geometry, self.colours
        return f"crop {where.size} of {where.resize} {where.interpolation}; mean {mean} std {std}; {self.read}"

    @property
    def size(self) -> int:
        """About how many bytes its weights have."""
        return self.megabytes * 1_000_000

    @property
    def target(self) -> Path:
        return weights.folder() / f"{self.name}.safetensors"


def _dinov2(name: str, timm_name: str, *, dim: int, megabytes: int) -> Spec:
    return Spec(
        name=name,
        timm_name=f"{timm_name}.lvd142m",
        dim=dim,
        megabytes=megabytes,
        licence="Apache-2.0",
        read="class token",
        colours=_IMAGENET,
        geometry=Geometry(size=224, fit="crop", resize=256),
        repository=f"timm/{timm_name}.lvd142m",
        # The weights are for 518 pixels: at 224 timm scales the position embedding.
        options={"img_size": 224, "num_classes": 0},
    )


def _dinov3(name: str, timm_name: str, *, dim: int, megabytes: int) -> Spec:
    return Spec(
        name=name,
        timm_name=f"{timm_name}.lvd1689m",
        dim=dim,
        megabytes=megabytes,
        licence=_META_LICENCE,
        read="class token",
        colours=_IMAGENET,
        geometry=Geometry(size=256, fit="crop", resize=256),
        repository=f"timm/{timm_name}.lvd1689m",
        # timm averages these by default; their authors compare class tokens.
        options={"global_pool": "token", "num_classes": 0},
        terms=_META_TERMS,
    )


def _clip(name: str, size: str, *, dim: int, megabytes: int) -> Spec:
    return Spec(
        name=name,
        timm_name=f"vit_{size}_clip_quickgelu_224.openai",
        dim=dim,
        megabytes=megabytes,
        licence="MIT",
        read="projected class token",
        colours=_CLIP,
        geometry=Geometry(size=224, fit="crop", resize=224),
        repository=f"timm/vit_{size}_clip_224.openai",
        # The classifier of that name is CLIP's projection into the space it shares with texts.
        options={"num_classes": dim},
    )


def _siglip2(name: str, timm_name: str, *, dim: int, megabytes: int) -> Spec:
    return Spec(
        name=name,
        timm_name=f"{timm_name}.v2_webli",
        dim=dim,
        megabytes=megabytes,
        licence="Apache-2.0",
        read="attention pool",
        colours=_HALF,
        geometry=Geometry(size=224, fit="crop", resize=224),
        repository=f"timm/{timm_name}.v2_webli",
        options={"num_classes": 0},
    )


SPECS: tuple[Spec, ...] = (
    _dinov2("dinov2-small", "vit_small_patch14_dinov2", dim=384, megabytes=88),
    _dinov2("dinov2-base", "vit_base_patch14_dinov2", dim=768, megabytes=346),
    _dinov2("dinov2-large", "vit_large_patch14_dinov2", dim=1024, megabytes=1217),
    _dinov2("dinov2-small-reg4", "vit_small_patch14_reg4_dinov2", dim=384, megabytes=88),
    _dinov2("dinov2-base-reg4", "vit_base_patch14_reg4_dinov2", dim=768, megabytes=346),
    _dinov2("dinov2-large-reg4", "vit_large_patch14_reg4_dinov2", dim=1024, megabytes=1217),
    _dinov3("dinov3-small", "vit_small_patch16_dinov3", dim=384, megabytes=86),
    _dinov3("dinov3-base", "vit_base_patch16_dinov3", dim=768, megabytes=343),
    _dinov3("dinov3-large", "vit_large_patch16_dinov3", dim=1024, megabytes=1212),
    _clip("clip-base-32", "base_patch32", dim=512, megabytes=351),
    _clip("clip-base-16", "base_patch16", dim=512, megabytes=345),
    _clip("clip-large-14", "large_patch14", dim=768, megabytes=1216),
    _siglip2("siglip2-base", "vit_base_patch16_siglip_224", dim=768, megabytes=372),
    _siglip2("siglip2-so400m", "vit_so400m_patch14_siglip_224", dim=1152, megabytes=1711),
)


def spec(name: str) -> Spec | None:
    return next((each for each in SPECS if each.name == name), None)


def here(of: Spec) -> Path | None:
    """The file of weights, in the product's folder or in the hub's cache; None when there is none."""
    return of.target if of.target.is_file() else hub.cached(of.repository)


def infos() -> list[EncoderInfo]:
    return [
        EncoderInfo(
            each.name,
            each.dim,
            each.licence,
            each.size,
            found is not None,
            "" if found else weights.TO_FETCH,
            each.terms,
            weights.arrived(each.target),
        )
        for each in SPECS
        for found in (here(each),)
    ]


def fetch(of: Spec, report: Report = silent) -> Path:
    """The file of weights, fetched if it is not here. Raises EncoderError."""
    return here(of) or download.fetch(
        lambda: hub.locate(of.repository),
        of.target,
        encoder=of.name,
        address=hub.address(of.repository),
        attempt=lambda path: _attempt(of, path),
        report=report,
    )


def identity(of: Spec) -> EncoderIdentity:
    """The identity, with the checksum of the weights. Raises EncoderError when they are not here."""
    return EncoderIdentity(of.name, of.dim, weights_sha256=weights.sha256(_file(of)), preprocess=of.preprocess)


def load(of: Spec, *, device: str, bulk: bool) -> SpatialTorchEncoder:
    """The encoder. Raises EncoderError, also when its weights are not here."""
    from visualmemory_gui.engine.encoders.torch_encoder import Network, SpatialTorchEncoder

    path = _file(of)
    try:
        module = _built(of, path)
    except EncoderError as error:
        raise EncoderError(f"{error}: remove {path} to have it fetched again") from error
    mean, std = of.colours
    read = Network(module, module, mean, std, cells=lambda inputs: cells(module, inputs))
    return SpatialTorchEncoder(read, identity(of), geometry=of.geometry, device=device, bulk=bulk)


def _file(of: Spec) -> Path:
    path = here(of) or weights.not_here(of.name)
    if not hub.is_whole(path):
        raise EncoderError(f"{path.resolve()} is damaged: remove it to have it fetched again")
    return path


def network(timm_name: str, path: Path, options: Mapping[str, Any]) -> torch.nn.Module:
    """The network of that name with the weights in ``path``, in eval mode; nothing else is opened or fetched.

    ``options`` go to timm. Raises errors of safetensors, timm and torch for files that do not fit.
    """
    import timm

    # A named file is never looked for anywhere else; timm adapts its keys and position embedding.
    overlay: dict[str, object] = {"file": str(path), "custom_load": False}
    if options.get("num_classes"):  # else timm drops a last layer of another size than the one it knows
        overlay["num_classes"] = options["num_classes"]
    built: torch.nn.Module = timm.create_model(timm_name, pretrained=True, pretrained_cfg_overlay=overlay, **options)
    return built.eval()


def _built(of: Spec, path: Path) -> torch.nn.Module:
    try:
        return network(of.timm_name, path, of.options)
    except Exception as error:
        detail = " ".join(str(error).split())[:200]
        raise EncoderError(f"{path.name} does not hold the weights of {of.name} ({detail})") from error


def _attempt(of: Spec, path: Path) -> None:
    """Raise EncoderError unless the file at ``path`` fills the network and this gives a vector of an image."""
    dim = try_out(lambda: _built(of, path), of.geometry.size)
    if dim != of.dim:
        raise EncoderError(f"{path.name} gives vectors of {dim:,} numbers, not {of.dim:,}")


def try_out(build: Callable[[], torch.nn.Module], size: int) -> int:
    """The dimension of the vectors of a network that ``build`` fills from a file. Raises EncoderError.

    It is built twice: what timm misses in a file it leaves at random numbers, so that the vectors differ.
    """
    import torch

    image = torch.rand(1, 3, size, size)
    with torch.inference_mode():
        first, second = (build()(image) for _ in range(2))
    if first.dim() != 2 or not torch.isfinite(first).all():
        raise EncoderError("the network gives no vectors with these weights")
    if not torch.allclose(first, second, rtol=1e-4, atol=1e-5):
        raise EncoderError("it lacks weights that the network needs")
    return int(first.shape[1])


def has_cells(module: torch.nn.Module) -> bool:
    """Whether ``cells`` can read this network: one of patches, with a known number of other tokens before them."""
    return hasattr(module, "num_prefix_tokens") and hasattr(getattr(module, "patch_embed", None), "grid_size")


def cells(module: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """(n, 3, s, s) -> (n, h, w, d): the tokens of the patches, without class and register tokens."""
    tokens: torch.Tensor = module.forward_features(inputs)  # type: ignore[operator]
    height, width = cast(Any, module).patch_embed.grid_size
    patches = tokens[:, cast(Any, module).num_prefix_tokens :]
    return patches.reshape(len(patches), height, width, patches.shape[-1])

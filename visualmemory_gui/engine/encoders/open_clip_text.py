"""Texts for CLIP and SigLIP 2: the other tower of their networks, by open_clip (extra ``text``).

The file of an open_clip model holds both towers. Before its text tower is used, its image tower has to give the vector
that the memory's encoder gives: only then do texts and the memory's images lie in one space. That is tried once for
each pair of files, and noted beside them by their checksums.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from visualmemory_gui.engine.device.arithmetic import full_precision
from visualmemory_gui.engine.device.fallback import Work, fallbacks, on_device
from visualmemory_gui.engine.encoders import download, hub, timm_models, weights
from visualmemory_gui.engine.encoders.base import Encoder, unit
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F32

if TYPE_CHECKING:
    import torch

MISSING = "texts need the Python packages open_clip_torch and tokenizers: install visualmemory_gui[text]"
SAME = 0.9999
"""The least cosine of the two vectors of one image by which both files hold the same image tower."""
_FILE, _TOKENS = "open_clip_model.safetensors", "tokenizer.json"
_CHUNK = 64
_PAD, _END = 0, 1  # in the vocabulary of SigLIP 2
_WORK: Work = "reading words"
T = TypeVar("T")
Tokenize = Callable[[list[str]], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class TextSpec:
    """The text tower of the encoder ``name``: its ``architecture`` in open_clip and its ``repository`` on the hub.

    ``megabytes`` is about how large its file is, which holds the image tower too. ``vocabulary``: its tokens are in a
    file of their own; else they are those of CLIP, which open_clip brings along.
    """

    name: str
    architecture: str
    repository: str
    megabytes: int
    vocabulary: bool = False

    @property
    def target(self) -> Path:
        return weights.folder() / f"{self.name}.text.safetensors"

    @property
    def tokens(self) -> Path:
        return weights.folder() / f"{self.name}.{_TOKENS}"

    @property
    def record(self) -> Path:
        """Which checksums of encoder and text tower were found to belong together."""
        return weights.folder() / f"{self.name}.text.json"


SPECS: tuple[TextSpec, ...] = (
    TextSpec("clip-base-32", "ViT-B-32-quickgelu", "timm/vit_base_patch32_clip_224.openai", 605),
    TextSpec("clip-base-16", "ViT-B-16-quickgelu", "timm/vit_base_patch16_clip_224.openai", 599),
    TextSpec("clip-large-14", "ViT-L-14-quickgelu", "timm/vit_large_patch14_clip_224.openai", 1711),
    TextSpec("siglip2-base", "ViT-B-16-SigLIP2", "timm/ViT-B-16-SigLIP2", 1501, vocabulary=True),
    TextSpec("siglip2-so400m", "ViT-SO400M-14-SigLIP2", "timm/ViT-SO400M-14-SigLIP2", 4544, vocabulary=True),
)


def spec(name: str) -> TextSpec | None:
    return next((each for each in SPECS if each.name == name), None)


def installed() -> bool:
    return find_spec("open_clip") is not None and find_spec("tokenizers") is not None


def here(of: TextSpec) -> bool:
    """Whether the text tower of an encoder is on this computer."""
    return of.target.is_file() and (of.tokens.is_file() or not of.vocabulary)


def refusal(of: TextSpec) -> str:
    """What is missing of a text tower, and what to do; "" where it can be loaded."""
    if not installed():
        return MISSING
    if here(of):
        return ""
    return (
        f"the text tower of {of.name} is not on this computer; `visualmemory encoders --fetch {of.name} --text` "
        "fetches it"
    )


def fetch(of: TextSpec, report: Report = silent) -> None:
    """Fetch the files of the text tower that are not here. Raises EncoderError."""
    if not installed():
        raise EncoderError(MISSING)
    wanted: list[tuple[Path, str, Callable[[Path], object]]] = [(of.target, _FILE, lambda path: _built(of, path))]
    wanted += [(of.tokens, _TOKENS, _vocabulary)] if of.vocabulary else []
    for target, file, attempt in wanted:
        if not target.is_file():
            download.fetch(
                partial(hub.locate, of.repository, file),
                target,
                encoder=f"{of.name} for texts",
                address=hub.address(of.repository, file),
                attempt=attempt,
                report=report,
            )


def load(of: TextSpec, encoder: Encoder) -> OpenClipText:
    """The text tower of ``encoder``, on its device. Raises EncoderError, also where it belongs to other weights."""
    if why := refusal(of):
        raise EncoderError(why)
    model = _built(of, of.target)
    pair = {"encoder": encoder.identity.weights_sha256, "text": weights.sha256(of.target)}
    if pair != _recorded(of):
        _require_same_images(of, model, encoder)
        with atomic_file.write(of.record) as file:
            file.write(json.dumps(pair).encode())
    del model.visual  # the encoder is that tower
    return OpenClipText(model, _tokenizer(of, model.context_length), encoder.device)


class OpenClipText:
    """The text tower of an open_clip ``model``, which is on the CPU; a copy of it computes on another ``device``.

    Where the device has no room for it, or stops working, the CPU computes, and the fallback is noted. To be used from
    one thread at a time.
    """

    def __init__(self, model: Any, tokenize: Tokenize, device: str) -> None:
        self.scale = float(model.logit_scale.exp())
        self.device = device
        self._model, self._tokenize = model, tokenize
        self._copy: Any = None
        if device != "cpu":
            fallbacks.clear(_WORK)
            self._copy = self._on_device(lambda: deepcopy(model).to(device))

    def encode(self, texts: Sequence[str]) -> F32:
        """As ``base.TextTower`` promises."""
        starts = range(0, max(1, len(texts)), _CHUNK)
        tokens = [self._tokenize(list(texts[at : at + _CHUNK])) for at in starts]
        found = self._on_device(lambda: self._computed(self._copy, tokens)) if self.device != "cpu" else None
        return unit(np.concatenate(self._computed(self._model, tokens) if found is None else found))

    def _computed(self, model: Any, tokens: list[torch.Tensor]) -> list[F32]:
        import torch

        with full_precision.on(self.device), torch.inference_mode():
            return [model.encode_text(chunk.to(self.device)).float().cpu().numpy() for chunk in tokens]

    def _on_device(self, work: Callable[[], T]) -> T | None:
        """The result of ``work`` on the device; None where the CPU must do it, as all that comes after it."""
        found = on_device(_WORK, self.device, work)
        if found is None:
            self.device, self._copy = "cpu", None
        return found


def _built(of: TextSpec, path: Path) -> Any:
    """The network with the weights at ``path``, both towers, in eval mode. Raises EncoderError."""
    import open_clip
    from open_clip.factory import load_checkpoint

    config = dict(open_clip.get_model_config(of.architecture) or {})
    network = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    try:
        model = network(**config)
        load_checkpoint(model, str(path), strict=True)
    except Exception as error:  # safetensors, torch and open_clip each have errors of their own for files that differ
        detail = " ".join(str(error).split())[:200]
        raise EncoderError(f"{path.name} does not hold the text tower of {of.name} ({detail})") from error
    return model.eval().requires_grad_(False)


def _require_same_images(of: TextSpec, model: Any, encoder: Encoder) -> None:
    """Raise EncoderError unless the image tower of ``model`` is ``encoder``, by the vector of one image."""
    import torch

    size = encoder.geometry.size
    squares = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    image = squares.repeat(size // 16 + 1, axis=1).repeat(size // 16 + 1, axis=2)[:, :size, :size]
    network = timm_models.spec(of.name)
    assert network is not None  # every text tower is that of a listed encoder
    mean, std = (np.array(colours, np.float32) for colours in network.colours)
    inputs = torch.from_numpy(((image / np.float32(255) - mean) / std).transpose(0, 3, 1, 2))
    with torch.inference_mode():
        theirs = unit(model.encode_image(inputs.contiguous()).float().numpy())
    cosine = float((theirs * encoder.encode(image)).sum()) if theirs.shape[1] == encoder.identity.dim else 0.0
    if cosine < SAME:
        raise EncoderError(
            f"{of.target} belongs to other weights than those of {of.name} here (cosine {cosine:.4f} for one image): "
            "remove it to have it fetched again"
        )


def _recorded(of: TextSpec) -> object:
    try:
        return json.loads(of.record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _tokenizer(of: TextSpec, length: int) -> Tokenize:
    if not of.vocabulary:
        from open_clip.tokenizer import SimpleTokenizer

        simple: Tokenize = SimpleTokenizer(context_length=length)
        return simple
    from open_clip.tokenizer import get_clean_fn

    words, plain = _vocabulary(of.tokens), get_clean_fn("canonicalize")

    def tokenize(texts: list[str]) -> torch.Tensor:
        """As SigLIP 2 was trained: lower case without punctuation, an end that is never cut off, then padding."""
        import torch

        ids = [words.encode(plain(text), add_special_tokens=False).ids[: length - 1] for text in texts]
        return torch.tensor([[*each, _END, *[_PAD] * (length - 1 - len(each))] for each in ids])

    return tokenize


def _vocabulary(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exceptions for files that are not its own
        raise EncoderError(f"{path.name} is not a list of tokens") from error

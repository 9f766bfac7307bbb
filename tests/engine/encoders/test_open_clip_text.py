"""Text towers: equal to open_clip by hand, with random weights, and used only beside the encoder they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.conftest import paint_image
from tests.hub_server import hub_server
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import open_clip_text, registry, timm_models, weights
from visualmemory_gui.engine.encoders.base import Encoder
from visualmemory_gui.engine.encoders.open_clip_text import OpenClipText, TextSpec
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.language.find import find

TEXTS = ["a red flag", "a photo of a dog", "", "a very long text " * 40]
TEXT = {"width": 32, "heads": 2, "layers": 2}
CLIP = {
    "embed_dim": 512,
    "vision_cfg": {"image_size": 224, "layers": 10, "width": 256, "head_width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, **TEXT},
}
SIGLIP = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {
        "image_size": 160, "timm_model_name": "test_vit", "timm_model_pretrained": False,
        "timm_pool": "token", "timm_proj": "none",
    },
    "text_cfg": {
        "context_length": 12, "vocab_size": 40, "hf_tokenizer_name": "none", "no_causal_mask": True,
        "proj_bias": True, "pool_type": "last", **TEXT,
    },
}  # fmt: skip
A_RED_FLAG = [5, 3, 4, 1, *[0] * 8]
"""In the words of the tests, as SigLIP 2 reads them."""


@dataclass
class Small:
    """A small network of open_clip with random weights, as files of the product, and by hand."""

    spec: TextSpec
    model: open_clip.CLIP
    encoder: Encoder


@pytest.fixture(scope="module")
def config_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    for name, config in (("small-clip", CLIP), ("small-siglip", SIGLIP)):
        (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder)
    return folder


@pytest.fixture(scope="module")
def models_by_hand(config_folder: Path) -> dict[str, open_clip.CLIP]:
    torch.manual_seed(7)
    custom = {key: value for key, value in SIGLIP.items() if key != "custom_text"}
    made = {"small-clip": open_clip.CLIP(**CLIP), "small-siglip": open_clip.CustomTextCLIP(**custom)}
    return {name: model.eval() for name, model in made.items()}


@pytest.fixture
def small(models_by_hand: dict[str, open_clip.CLIP], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Small]:
    """Put a network\'s files where the product looks for them, under a name that it lists."""

    def put(name: str) -> Small:
        model, clip = models_by_hand[name], name == "small-clip"
        timm_name = "vit_xsmall_patch16_clip_224" if clip else "test_vit"
        network = timm_models.Spec(
            name, timm_name, 512 if clip else 64, 30, "MIT", "projected class token",
            ((0.48, 0.46, 0.41), (0.27, 0.26, 0.28)),
            timm_models.Geometry(size=224 if clip else 160, fit="crop", resize=224), f"small/{name}",
            {"num_classes": 512 if clip else 0},
        )  # fmt: skip
        text = TextSpec(name, name, f"small/{name}", 30, vocabulary=not clip)
        monkeypatch.setattr(timm_models, "SPECS", (network,))
        monkeypatch.setattr(open_clip_text, "SPECS", (text,))
        weights.folder().mkdir(parents=True, exist_ok=True)
        whole = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(whole, str(text.target))
        trunk = {key.removeprefix("visual.trunk."): value for key, value in whole.items() if "visual.trunk." in key}
        save_file(whole if clip else trunk, str(network.target))
        if not clip:
            words(("red", "flag", "a", "dog")).save(str(text.tokens))
        return Small(text, model, registry.load(registry.choose(name), device="cpu"))

    return put


def words(of: tuple[str, ...]) -> Tokenizer:
    numbers = {word: number for number, word in enumerate(("pad", "end", "unknown", *of))}
    made = Tokenizer(models.WordLevel(numbers, "unknown"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def by_hand(model: open_clip.CLIP, tokens: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(model.encode_text(tokens, normalize=True).numpy())


def test_clip_gives_the_vectors_of_the_library(small: Callable[[str], Small]) -> None:
    made = small("small-clip")
    tower = registry.text_tower(made.encoder)
    assert isinstance(tower, OpenClipText)
    expected = by_hand(made.model, SimpleTokenizer(context_length=77)(TEXTS))
    assert np.abs(tower.encode(TEXTS) - expected).max() < 1e-6
    assert tower.scale == pytest.approx(float(made.model.logit_scale.detach().exp()))


def test_siglip_reads_lower_case_without_punctuation_and_always_ends(small: Callable[[str], Small]) -> None:
    made = small("small-siglip")
    tower = registry.text_tower(made.encoder)
    tokens = torch.tensor([A_RED_FLAG, [*[6] * 11, 1], [1, *[0] * 11]])
    expected = by_hand(made.model, tokens)
    assert np.abs(tower.encode(["A red_flag!", "dog " * 20, ""]) - expected).max() < 1e-6
    mended = tower.encode(["A “red” \ufb02ag", "a&nbsp;red flag"])  # as open_clip mends texts before it cleans them
    assert np.abs(mended - expected[:1]).max() < 1e-6


def test_a_memory_finds_by_words_and_does_so_in_the_next_session(small: Callable[[str], Small], tmp_path: Path) -> None:
    made = small("small-siglip")
    images = [paint_image((i * 40, 90, 200 - i * 30), seed=i) for i in range(5)]
    with VisualMemory.create(tmp_path / "m.vmem", encoder="small-siglip") as memory:
        memory.add(images, "things")
        first = find(memory, "a red flag")
    [text] = by_hand(made.model, torch.tensor([A_RED_FLAG]))
    assert json.loads(made.spec.record.read_text())["encoder"] == memory.identity.weights_sha256
    with VisualMemory.open(tmp_path / "m.vmem", readonly=True) as again:
        second = find(again, "a red flag")
        vectors = again.catalog.vectors(second.ids)
    assert (first.ids == second.ids).all() and np.abs(second.scores - vectors @ text).max() < 1e-6


def test_a_text_tower_of_other_weights_is_refused(small: Callable[[str], Small]) -> None:
    made = small("small-siglip")
    registry.text_tower(made.encoder)
    torch.manual_seed(8)
    other = {key: value + 0.01 * torch.randn_like(value) for key, value in made.model.state_dict().items()}
    save_file(other, str(made.spec.target))
    with pytest.raises(EncoderError, match="belongs to other weights than those of small-siglip"):
        registry.text_tower(made.encoder)


def test_a_missing_or_damaged_text_tower_is_named(small: Callable[[str], Small]) -> None:
    made = small("small-siglip")
    for path, said in ((made.spec.tokens, "not a list of tokens"), (made.spec.target, "does not hold the text tower")):
        kept = path.read_bytes()
        path.write_bytes(b"damaged")
        with pytest.raises(EncoderError, match=said):
            registry.text_tower(made.encoder)
        path.write_bytes(kept)
    made.spec.tokens.unlink()
    assert "--fetch small-siglip --text" in registry.text_refusal("small-siglip")
    with pytest.raises(EncoderError, match="--fetch small-siglip --text"):
        registry.text_tower(made.encoder)


def test_a_text_tower_is_fetched_tried_and_then_used(
    small: Callable[[str], Small], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small("small-siglip")
    body = made.spec.target.read_bytes()
    made.spec.target.unlink()
    with hub_server() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        hub.files[made.spec.repository] = b"no network"
        assert registry.text_to_fetch("small-siglip") == "about 30 MB, MIT"
        with pytest.raises(EncoderError, match="does not hold the text tower of small-siglip"):
            registry.fetch_text("small-siglip")
        assert not made.spec.target.exists()
        hub.files[made.spec.repository] = body
        registry.fetch_text("small-siglip")
        assert hub.asked[-1].path == f"/{made.spec.repository}" and "open_clip_model" in hub.of("hub")[0].path
    assert made.spec.target.read_bytes() == body and registry.text_to_fetch("small-siglip") == ""
    assert registry.text_tower(made.encoder).encode(["a red flag"]).shape == (1, 64)


def test_every_text_tower_is_that_of_a_listed_encoder_and_a_known_network() -> None:
    for each in open_clip_text.SPECS:
        network, config = timm_models.spec(each.name), open_clip.get_model_config(each.architecture)
        assert network is not None and config is not None
        assert config["embed_dim"] == network.dim
        assert ("hf_tokenizer_name" in config["text_cfg"]) == each.vocabulary

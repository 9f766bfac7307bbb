"""Encoders by name: which there are, what a memory remembers of each, and loading it.

There are two ways in. What the user types goes through ``choose``: it may be the path of a file, and weights that are
not here are fetched. What a memory or a bundle says goes through ``require``, ``geometry`` and ``load``: a name is
never a path there, nothing is fetched, and no model is opened before its weights are known to be those remembered.
"""

from __future__ import annotations

import logging
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

from visualmemory_gui.engine.device import choice as devices
from visualmemory_gui.engine.device.torch_required import torch_required
from visualmemory_gui.engine.encoders import (
    fake,
    lite,
    local_file,
    open_clip_text,
    openvino_lite,
    openvino_network,
    openvino_runtime,
    pca_encoder,
    plugins,
    timm_models,
    torchvision_models,
)
from visualmemory_gui.engine.encoders.base import Encoder, TextTower
from visualmemory_gui.engine.errors import EncoderError, EncoderMismatch
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Device, EncoderIdentity, EncoderInfo, Geometry

if TYPE_CHECKING:
    from visualmemory_gui.engine.encoders.torch_encoder import TorchEncoder

log = logging.getLogger(__name__)
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # also the name that a newer version of the product may list

REDUCED = (
    "texts cannot be compared with vectors that were reduced by PCA; `reembed` makes a memory whose vectors are whole"
)


def is_name(text: str) -> bool:
    """Whether ``text`` has the form of an encoder's name. No path, no address and no control character has it."""
    return any(form.fullmatch(text) for form in (_WORD, torchvision_models.FORM, local_file.FORM))


@torch_required
def choose(text: str, *, report: Report = silent) -> EncoderIdentity:
    """The encoder that the user names, by its name or by the path of a file of their own, which is added.

    Weights that are not here are fetched, which ``report`` follows. Nothing that a memory says may be passed here.
    Raises EncoderError.
    """
    if local_file.is_path(text):
        return local_file.add(Path(text))
    fetch(text, report=report)
    return _identity(text)


@torch_required
def fetch(name: str, *, report: Report = silent) -> None:
    """Fetch the weights of ``name``, if it has a file to fetch that is not here yet. Raises EncoderError."""
    if spec := timm_models.spec(name):
        timm_models.fetch(spec, report)
    elif torchvision_models.FORM.fullmatch(name):
        torchvision_models.fetch(name, report)


@torch_required
def fetch_text(name: str, *, report: Report = silent) -> None:
    """Fetch the text tower of ``name``, if it is not here yet. Raises EncoderError, also where it has none."""
    open_clip_text.fetch(open_clip_text.spec(name) or _wordless(name), report)


def text_to_fetch(name: str) -> str:
    """What ``fetch_text`` would fetch for ``name``: "about 605 MB, MIT"; "" where it has nothing to fetch."""
    found, images = open_clip_text.spec(name), timm_models.spec(name)
    if found is None or images is None or not open_clip_text.installed() or open_clip_text.here(found):
        return ""
    return f"about {found.megabytes:,} MB, {images.licence}"


@torch_required
def text_tower(encoder: Encoder) -> TextTower:
    """What turns texts into vectors that can be compared with those of ``encoder``. Nothing is fetched.

    Raises EncoderError where it has no text tower, which says which have one, or where that is not here.
    """
    name = encoder.identity.name
    if encoder.identity != encoder.identity.whole:
        raise EncoderError(REDUCED)
    if name == fake.NAME:
        return fake.FakeText()
    return open_clip_text.load(open_clip_text.spec(name) or _wordless(name), encoder)


def text_refusal(name: str) -> str:
    """Why texts cannot be compared with the vectors of ``name`` now, and what to do; "" where they can."""
    if name == fake.NAME:
        return ""
    found = open_clip_text.spec(name)
    return _no_words(name) if found is None else open_clip_text.refusal(found)


@torch_required
def info(name: str) -> EncoderInfo:
    """The encoder as ``available`` lists it; any weights of torchvision too. Raises EncoderError."""
    if torchvision_models.FORM.fullmatch(name):
        return torchvision_models.info(name)
    return next((one for one in (*available(), fake.INFO) if one.name == name), None) or _unknown(name)


def require(wanted: EncoderIdentity) -> None:
    """Raise EncoderError unless the encoder that a memory remembers can be used here.

    EncoderMismatch when the one of its name here has other weights or another preprocessing.
    """
    _require_projection(wanted)
    wanted = wanted.whole
    name = wanted.name
    if local_file.FORM.fullmatch(name):
        here = local_file.remembered(wanted)
    elif torchvision_models.FORM.fullmatch(name):
        here = torchvision_models.identity(name, dim=wanted.dim)
    else:
        here = _identity(name)
    if here != wanted:
        raise _mismatch(wanted)


@torch_required
def load(wanted: EncoderIdentity, *, device: Device = "auto", bulk: bool = False) -> Encoder:
    """The encoder that a memory remembers, ready to compute. ``bulk`` takes all cores of a CPU, for imports.

    Raises as ``require``, and BadValue for a device that is not there.
    """
    where = devices.resolve(device)
    require(wanted)
    encoder = _loaded(wanted.whole, where, bulk=bulk)
    if encoder.identity == wanted.whole:
        return encoder if wanted.projection is None else pca_encoder.projected(encoder, wanted.projection)
    encoder.close()
    raise _mismatch(wanted)


@torch_required
def geometry(wanted: EncoderIdentity) -> Geometry:
    """How images are brought to the encoder that a memory remembers; its weights need not be here, a file of the
    user's own must be. Raises EncoderError."""
    wanted = wanted.whole
    name = wanted.name
    if name == fake.NAME:
        return fake.FakeEncoder.geometry
    if name == lite.NAME:
        return lite.GEOMETRY
    if spec := timm_models.spec(name):
        return spec.geometry
    if torchvision_models.FORM.fullmatch(name):
        return torchvision_models.geometry(name)
    if local_file.FORM.fullmatch(name):
        return local_file.geometry(wanted)
    return (_plugin(name) or _unknown(name)).geometry


@torch_required
def prepare(name: str, *, device: Device = "auto", report: Report = silent) -> bool:
    """Make the form in which ``name`` computes faster here, if it is missing. True when it was made.

    ``lite0`` is always converted. Others, if their weights are here, are converted once and kept where that is faster.
    """
    if not openvino_runtime.installed():
        return False
    if name == lite.NAME:
        if openvino_lite.ready() or devices.resolve(device) != "cpu":
            return False
        openvino_lite.prepare(report)
        return True
    path = _file_of(name)
    if path is None or path.stat().st_size > openvino_network.LARGEST or devices.resolve(device) != "cpu":
        return False
    identity = _identity(name)
    if openvino_network.verdict(identity) is not None:
        return False
    encoder = _in_torch(identity, "cpu", bulk=True)
    try:
        return openvino_network.prepare(encoder, report).used
    finally:
        encoder.close()


def available() -> list[EncoderInfo]:
    """Every encoder that can be named, the one that needs no network first. Loads no model and no library for one, but
    what installed packages provide."""
    own = [_lite_info(), *timm_models.infos(), *torchvision_models.infos(), *local_file.infos()]
    return [*own, *plugins.infos(frozenset((fake.NAME, *(one.name for one in own))))]


def _identity(name: str) -> EncoderIdentity:
    """What the encoder ``name`` is here. Raises EncoderError."""
    if name == fake.NAME:
        return fake.IDENTITY
    if name == lite.NAME:
        return lite.IDENTITY
    if spec := timm_models.spec(name):
        return timm_models.identity(spec)
    if torchvision_models.FORM.fullmatch(name):
        return torchvision_models.identity(name)
    if local_file.FORM.fullmatch(name):
        return local_file.identity(name)
    return (_plugin(name) or _unknown(name)).identity


def _loaded(wanted: EncoderIdentity, device: str, *, bulk: bool) -> Encoder:
    if wanted.name == fake.NAME:
        return fake.FakeEncoder()
    if wanted.name == lite.NAME:
        return _lite(device, bulk=bulk)
    if local_file.is_onnx(wanted.name):
        return local_file.load(wanted, device=device, bulk=bulk)
    if not _is_of_torch(wanted.name):
        return plugins.load(wanted.name, device=device, bulk=bulk)
    return (_converted(wanted, bulk=bulk) if device == "cpu" else None) or _in_torch(wanted, device, bulk=bulk)


def _plugin(name: str) -> plugins.EncoderPlugin | None:
    """What an installed package provides under this name, which is none of the product's own."""
    return plugins.found(name) if _WORD.fullmatch(name) else None


def _is_of_torch(name: str) -> bool:
    """Whether it is a network of torch that OpenVINO may compute in its place: all but lite0 and those of plug-ins."""
    if local_file.FORM.fullmatch(name):
        return not local_file.is_onnx(name)
    return timm_models.spec(name) is not None or torchvision_models.FORM.fullmatch(name) is not None


def _in_torch(wanted: EncoderIdentity, device: str, *, bulk: bool) -> TorchEncoder:
    """An encoder that ``_is_of_torch``, in torch."""
    if spec := timm_models.spec(wanted.name):
        return timm_models.load(spec, device=device, bulk=bulk)
    if local_file.FORM.fullmatch(wanted.name):
        return cast("TorchEncoder", local_file.load(wanted, device=device, bulk=bulk))
    return torchvision_models.load(wanted.name, device=device, bulk=bulk)


def _converted(wanted: EncoderIdentity, *, bulk: bool) -> Encoder | None:
    """The same on OpenVINO, if that was found to be faster here."""
    found = openvino_network.verdict(wanted)
    if found is None or not found.used:
        return None
    try:
        torch = partial(_in_torch, wanted, "cpu", bulk=bulk)
        return openvino_network.load(wanted, geometry(wanted), bulk=bulk, torch=torch)
    except EncoderError as error:
        log.warning("%s", error)
        return None


def _file_of(name: str) -> Path | None:
    """The weights of an encoder that ``_is_of_torch``, if they are here; None for all others."""
    if not _is_of_torch(name):
        return None
    if spec := timm_models.spec(name):
        return timm_models.here(spec)
    return local_file.added(name) if local_file.FORM.fullmatch(name) else torchvision_models.here(name)


def _lite(device: str, *, bulk: bool) -> Encoder:
    if device == "cpu" and openvino_lite.ready():
        try:
            return openvino_lite.load(bulk=bulk)
        except EncoderError as error:
            log.warning("%s", error)
    return lite.load(device=device, bulk=bulk)


def _lite_info() -> EncoderInfo:
    note = "fast on this computer" if openvino_lite.ready() else ""
    return EncoderInfo(lite.NAME, lite.IDENTITY.dim, lite.LICENCE, lite.SIZE, lite.weights_file() is not None, note)


def _require_projection(wanted: EncoderIdentity) -> None:
    """Raise EncoderError where the vectors are reduced and what reduces them is not at hand."""
    if wanted.projection is None and wanted != wanted.whole:
        raise EncoderError(
            f"these vectors are of {wanted.words}; the projection is missing, which only a memory or its bundle holds"
        )


def _mismatch(wanted: EncoderIdentity) -> EncoderMismatch:
    return EncoderMismatch(
        f"these vectors were made by {wanted.name} with other weights or preprocessing than the encoder of that name "
        "here; make a new memory, or install the encoder it was made with"
    )


def _wordless(name: str) -> NoReturn:
    raise EncoderError(_no_words(name))


def _no_words(name: str) -> str:
    names = ", ".join(each.name for each in open_clip_text.SPECS)
    return f"the encoder {name[:80]} knows no words; those that do are {names}"


def _unknown(name: str) -> NoReturn:
    raise EncoderError(f"unknown encoder {name[:80]!a}; `visualmemory encoders` lists them")

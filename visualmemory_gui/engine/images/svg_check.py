"""What an SVG drawing must not contain. It is read through once, before anything draws it.

Drawing it could otherwise read files that the drawing names, or go on without end.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers.expat import ExpatError, ParserCreate

from PIL import Image, UnidentifiedImageError

from visualmemory_gui.engine.images.refusal import Refused

MAX_BYTES = 10_000_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 32  # elements inside each other; Qt draws no deeper ones
MAX_EMBEDDED_PIXELS = 16_000_000
TOO_LARGE = "an SVG drawing of more than 10 MB; save it as PNG"
_TOO_MANY = "an SVG drawing of more than 100,000 elements; save it as PNG"
_TOO_DEEP = "an SVG drawing whose elements lie more than 32 deep in each other; save it as PNG"
_ENTITIES = "an SVG drawing that declares entities of its own; save it as plain SVG or PNG"
_ELSEWHERE = "an SVG drawing that loads a part from another file; embed that part, or save the drawing as PNG"
_BAD_EMBEDDED = "an SVG drawing with an embedded image that cannot be read; save it as PNG"
_LARGE_EMBEDDED = "an SVG drawing with an embedded image of more than 16 megapixels; save it as PNG"
_EMBEDDED_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# Nothing else is let through: what Qt makes of such a text must be what is checked here.
_DATA = re.compile(r"\s*data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/\s]+={0,2})\s*")
_URL = re.compile(r"""url\(\s*['"]?\s*(?!\s|['"]|#)""", re.IGNORECASE)
_IMPORT = re.compile("@import", re.IGNORECASE)


def check_svg(data: bytes) -> None:
    """Raises Refused for a drawing that is damaged, too deep, of too many elements, or that loads anything from
    elsewhere, and UnidentifiedImageError for XML that is no drawing. ``data`` is at most ``MAX_BYTES`` long."""
    reader = _Reader()
    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.on_start
    parser.EndElementHandler = reader.on_end
    parser.CharacterDataHandler = reader.on_text
    parser.ProcessingInstructionHandler = reader.on_instruction
    parser.StartDoctypeDeclHandler = reader.on_doctype
    parser.EntityDeclHandler = reader.on_entity
    try:
        parser.Parse(data, True)
        reader.check_copies()
    except ExpatError as error:
        reason = f"the drawing is no complete XML, see line {error.lineno}"
        raise Refused(f"the file is damaged or incomplete ({reason})") from None


@dataclass(slots=True)
class _Group:
    """An element with an id, ``depth`` elements deep: how many it holds, itself included, and what ``use`` copies."""

    name: str
    depth: int = 0
    elements: int = 0
    copies: list[str] = field(default_factory=list)


class _Reader:
    """Counts elements while they are read, and looks at what they refer to."""

    def __init__(self) -> None:
        self._elements = 0
        self._open: list[str] = []
        self._style = ""
        self._groups: list[_Group] = [_Group("")]  # the drawing, and the elements with an id that are open
        self._named: dict[str, _Group] = {}

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        element = _local(name)
        if not self._elements and element != "svg":
            raise UnidentifiedImageError
        self._elements += 1
        self._open.append(element)
        if self._elements > MAX_ELEMENTS:
            raise Refused(_TOO_MANY)
        if len(self._open) > MAX_DEPTH:
            raise Refused(_TOO_DEEP)
        self._note(element, attributes)
        for attribute, value in attributes.items():
            if _local(attribute) == "href":
                _check_link(element, value)
            _check_css(value)

    def on_end(self, _: str) -> None:
        if self._groups[-1].depth == len(self._open):
            self._groups.pop()
        if self._open.pop() == "style":
            _check_css(self._style)
            self._style = ""

    def on_text(self, text: str) -> None:
        if self._open[-1:] == ["style"]:
            self._style += text

    def on_instruction(self, target: str, _: str) -> None:
        if target == "xml-stylesheet":
            raise Refused(_ELSEWHERE)

    def _note(self, element: str, attributes: dict[str, str]) -> None:
        """Note in all open groups that an element is drawn there, and what it is a copy of."""
        if name := attributes.get("id"):
            self._groups.append(_Group(name, len(self._open)))
            self._named.setdefault(name, self._groups[-1])
        linked = [value.removeprefix("#") for key, value in attributes.items() if _local(key) == "href"]
        for group in self._groups:
            group.elements += 1
            if element == "use":  # which of several links Qt follows is not relied on
                group.copies += linked

    def check_copies(self) -> None:
        """Raises Refused where elements are copied so often, by copies of copies, that drawing them would not end."""
        known: dict[str, int] = {}

        def drawn(group: _Group, depth: int) -> int:
            if depth > MAX_DEPTH:
                raise Refused(_TOO_DEEP)
            if group.name not in known:
                copied = (self._named[name] for name in group.copies if name in self._named)
                known[group.name] = group.elements + sum(drawn(each, depth + 1) for each in copied)
            return known[group.name]

        if drawn(self._groups[0], 0) > MAX_ELEMENTS:
            raise Refused(_TOO_MANY)

    def on_doctype(self, _name: str, _system: str | None, _public: str | None, has_own: bool) -> None:
        if has_own:
            raise Refused(_ENTITIES)

    def on_entity(self, *_: object) -> None:
        raise Refused(_ENTITIES)


def _local(name: str) -> str:
    """The name without its namespace, which Qt does not look at either."""
    return name.rpartition(" ")[2]


def _check_link(element: str, target: str) -> None:
    """Only images may be embedded, and all else must be in the drawing; a hyperlink loads nothing."""
    if element == "a" or not target:
        return
    if element == "image":
        embedded = _DATA.fullmatch(target)
        if embedded is None:
            raise Refused(_ELSEWHERE)
        _check_embedded(embedded[1])
    elif not target.startswith("#"):
        raise Refused(_ELSEWHERE)


def _check_embedded(text: str) -> None:
    """An embedded image must be in a format that is not itself a drawing, and of a bounded size."""
    try:
        with Image.open(BytesIO(base64.b64decode(text)), formats=_EMBEDDED_FORMATS) as image:
            size = image.size
    except Exception:  # damaged files make decoders raise anything
        raise Refused(_BAD_EMBEDDED) from None
    if size[0] * size[1] > MAX_EMBEDDED_PIXELS:
        raise Refused(_LARGE_EMBEDDED)


def _check_css(text: str) -> None:
    if _URL.search(text) or _IMPORT.search(text):
        raise Refused(_ELSEWHERE)

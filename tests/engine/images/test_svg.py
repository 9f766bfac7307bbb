"""SVG drawings are drawn in the decoding child, and refused where they load from elsewhere or would not end."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import Box, Geometry

NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
TOP = f'<svg {NAMES} viewBox="0 0 40 20">'
RED = '<rect width="20" height="20" fill="red"/>'
RED_LEFT = f"{TOP}{RED}</svg>"


def embedded(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> str:
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def image(target: str) -> str:
    return f'{TOP}<image width="20" height="20" xlink:href="{target}"/></svg>'


@pytest.fixture(scope="module")
def wide() -> Iterator[DecodePool]:
    """One child, whose images of 2 : 1 fill the middle rows."""
    with DecodePool(1, Geometry(size=64, fit="letterbox", resize=64), timeout_s=60) as running:
        yield running


GOOD = {
    "plain.svg": RED_LEFT,
    "declared.svg": f'\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- {"x" * 600} -->\n{RED_LEFT}',
    "doctype.svg": '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    + RED_LEFT,
    "named.png": '<svg:svg xmlns:svg="http://www.w3.org/2000/svg" width="800" height="400" viewBox="0 0 40 20">'
    '<svg:rect width="20" height="20" style="fill:#f00"/></svg:svg>',
    "copied.svg": f'{TOP}<defs><g id="a">{RED}</g></defs><use xlink:href="#a"/></svg>',
    "shaded.svg": f'{TOP}<linearGradient id="a"><stop stop-color="red"/></linearGradient>'
    f'<rect width="20" height="20" fill="url(#a)"/></svg>',
    "embedded png.svg": image(embedded()),
    "embedded jpeg.svg": image(embedded("JPEG")),
    "linked.svg": f'{TOP}<a xlink:href="https://example.org/">{RED}</a></svg>',
    "styled.svg": f"{TOP}<style>rect {{fill: red}}</style><rect width='20' height='20'/></svg>",
    "deep.svg": f"{TOP}{'<g>' * 30}{RED}{'</g>' * 30}</svg>",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_drawing_is_an_image_on_white_of_1024_pixels(name: str, wide: DecodePool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(GOOD[name])
    found = wide.decode(tmp_path / name)
    assert (found.width, found.height, found.suffix) == (1024, 512, ".svg")
    left, right = found.pixels[32, 8].astype(int), found.pixels[32, 48].astype(int)
    assert abs(left - (255, 0, 0)).max() <= 3 and abs(right - 255).max() <= 3
    assert wide.decode(tmp_path / name).content == found.content


def test_text_is_drawn_and_a_part_is_cut_in_the_pixels_of_the_drawing(wide: DecodePool, tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(f'{TOP}{RED}<text x="24" y="15" font-size="12">W</text></svg>')
    part = wide.decode(tmp_path / "a.svg", Box(512, 0, 512, 512))
    assert (part.width, part.height, part.box) == (1024, 512, Box(512, 0, 512, 512))
    assert part.pixels.min() < 60 and np.ptp(part.pixels[:, 0]) == 0
    small = wide.decode(tmp_path / "a.svg", Box(0, 0, 512, 512))
    assert (small.pixels == (255, 0, 0)).all()


def copies_of_copies() -> str:
    groups = "".join(f'<g id="a{i}">{f"""<use xlink:href="#a{i - 1}"/>""" * 10}</g>' for i in range(1, 12))
    return f'{TOP}<defs><g id="a0">{RED}</g>{groups}</defs><use xlink:href="#a11"/></svg>'


def nested_svg() -> str:
    inside = base64.b64encode(image("/etc/hostname").encode()).decode()
    return image(f"data:image/png;base64,{inside}")


SELF = f'{TOP}<pattern id="p" width="9" height="9"><rect width="9" height="9" fill="url(#p)"/></pattern>{RED}</svg>'
BAD = [
    (image("other.png"), "another file"),
    (image("file:///etc/passwd"), "another file"),
    (image("https://example.org/a.png"), "another file"),
    (image(" #a"), "another file"),
    (image("data:image/svg+xml;base64,PHN2Zy8+"), "another file"),
    (image(f"data:,base64,{'A' * 40}"), "another file"),
    (image(embedded() + "\u00e9"), "another file"),
    (nested_svg(), "embedded image that cannot be read"),
    (image(embedded()[:60]), "embedded image that cannot be read"),
    (image(embedded(size=(5000, 4000))), "16 megapixels"),
    (f'{TOP}<use xlink:href="other.svg#a"/></svg>', "another file"),
    (f"{TOP}<rect fill=\"url( 'other.svg#a')\"/></svg>", "another file"),
    (f"{TOP}<style>@font-face {{ src: URL(https://example.org/a.woff) }}</style></svg>", "another file"),
    (f'{TOP}<style>@import "a.css";</style></svg>', "another file"),
    (f'<?xml version="1.0"?><?xml-stylesheet href="a.css"?>{RED_LEFT}', "another file"),
    (f'<!DOCTYPE svg [<!ENTITY a "{"a" * 99}"><!ENTITY b "&a;&a;">]>{TOP}&b;</svg>', "entities"),
    (f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{TOP}&a;</svg>', "entities"),
    (f"{TOP}{'<g>' * 50_000}{'</g>' * 50_000}</svg>", "32 deep"),
    (f"{TOP}{'<g/>' * 100_001}</svg>", "100,000 elements"),
    (copies_of_copies(), "100,000 elements"),
    (copies_of_copies().replace("<use ", '<use href="#none" '), "100,000 elements"),
    (f'{TOP}<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g></svg>', "deep"),
    (SELF, "refers to itself"),
    (f'{TOP}<path d="M0 0H1e8" stroke="black" stroke-dasharray="1e-4"/></svg>', "drawn whole"),
    (TOP, "line 1"),
    (RED_LEFT + RED_LEFT, "line 1"),
    (f"{TOP}{' ' * 10_000_000}</svg>", "more than 10 MB"),
    ("<svg", "damaged or incomplete"),
    ('<?xml version="1.0"?><note>no drawing</note>', "not an image in a format that can be read"),
    (f"<html><body>{RED_LEFT}</body></html>", "not an image in a format that can be read"),
]


def test_bad_drawings_are_refused_in_words_and_the_child_goes_on(wide: DecodePool, tmp_path: Path) -> None:
    for number, (text, words) in enumerate(BAD):
        path = tmp_path / f"{number}.svg"
        path.write_text(text)
        with pytest.raises(BadImage, match=words) as refusal:
            wide.decode(path)
        assert "crashed" not in refusal.value.reason and len(refusal.value.reason) < 150
    with (tmp_path / "sparse.svg").open("wb") as file:
        file.write(TOP.encode())
        file.truncate(120_000_000)
    with pytest.raises(BadImage, match="more than 10 MB"):
        wide.decode(tmp_path / "sparse.svg")
    (tmp_path / "good.svg").write_text(RED_LEFT)
    assert wide.decode(tmp_path / "good.svg").width == 1024

"""What a desktop is told about the program: its entry, and the type of its bundles."""

from __future__ import annotations

import configparser
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

from visualmemory_gui.app import preferences

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHARED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
NAMESPACE = "{http://www.freedesktop.org/standards/shared-mime-info}"


def entry() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(ROOT / "resources/desktop/visualmemory-gui.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def mime_type() -> ET.Element:
    root = ET.parse(ROOT / "resources/desktop/visualmemory-gui.xml").getroot()
    [found] = root.findall(f"{NAMESPACE}mime-type")
    return found


def test_all_that_is_shared_is_there_and_goes_where_desktops_look() -> None:
    assert all((ROOT / source).is_file() for source in SHARED)
    assert {Path(target).parent.as_posix() for target in SHARED.values()} == {
        "share/applications", "share/mime/packages", "share/icons/hicolor/scalable/apps",
    }  # fmt: skip


def test_the_entry_starts_the_program_with_the_file_that_was_clicked() -> None:
    command, argument = entry()["Exec"].split()
    assert command in PROJECT["project"]["gui-scripts"] and argument == "%f"
    assert entry()["TryExec"] == command


def test_the_entry_takes_the_type_that_bundles_have() -> None:
    kind = mime_type()
    assert entry()["MimeType"].strip(";") == kind.get("type") == "application/x-visualmemory-bundle"
    assert [glob.get("pattern") for glob in kind.findall(f"{NAMESPACE}glob")] == [f"*{preferences.BUNDLE}"]


def test_entry_and_type_name_the_icon_that_is_shipped() -> None:
    [icon] = [Path(target).stem for target in SHARED.values() if target.endswith(".svg")]
    named = mime_type().find(f"{NAMESPACE}icon")
    assert named is not None
    assert entry()["Icon"] == named.get("name") == icon

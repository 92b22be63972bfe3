"""What a Linux desktop is told of AVSep: the entry of the menu, the project's file type, the software centre's page."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version
from pathlib import Path

import pytest

from avsep_gui.resources import APPLICATION_ID
from avsep_gui.state.project import SUFFIX

FOLDER = Path(__file__).parents[2] / "packaging" / "linux"
ENTRY, PAGE, TYPES = (FOLDER / f"{APPLICATION_ID}.{kind}" for kind in ("desktop", "metainfo.xml", "mime.xml"))
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def entry() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    parser.optionxform = str
    parser.read(ENTRY, encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_menu_starts_the_window_with_a_file():
    assert entry()["Exec"].split() == ["avsep-gui", "%f"]
    assert entry()["Icon"] == APPLICATION_ID
    assert entry()["StartupWMClass"] == "AVSep"  # Qt's WM_CLASS on X11, the application's name; Wayland goes by the id


def test_projects_and_films_are_opened_with_it():
    kind = ElementTree.parse(TYPES).getroot().find(f"{MIME}mime-type")
    assert kind.find(f"{MIME}glob").get("pattern") == f"*{SUFFIX}"
    opened = entry()["MimeType"].split(";")
    assert kind.get("type") in opened
    assert {"video/mp4", "video/quicktime", "video/x-matroska"} <= set(opened)


def test_the_page_tells_of_this_version():
    page = ElementTree.parse(PAGE).getroot()
    assert page.findtext("id") == APPLICATION_ID
    assert page.findtext("launchable") == ENTRY.name
    assert page.find("releases/release").get("version") == version("avsep")
    pictures = [Path(image.text).name for image in page.iter("image")]
    assert all((FOLDER.parents[1] / "resources" / "screenshots" / name).is_file() for name in pictures)


@pytest.mark.parametrize(
    "command",
    [["desktop-file-validate", str(ENTRY)], ["appstreamcli", "validate", "--no-net", str(PAGE)]],
    ids=lambda command: command[0],
)
def test_the_validators_find_nothing(command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "E:" not in run.stdout
    assert "W:" not in run.stdout

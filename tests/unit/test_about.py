"""What AVSep is made of, as read from what is installed."""

from __future__ import annotations

import re

import pytest

from engine import about as about_module
from engine import api
from engine.errors import UsageError
from engine.types import BuildInfo


@pytest.fixture(scope="module")
def info():
    return api.about()


def test_every_library_that_is_declared_is_there_with_version_and_licence(info):
    declared = about_module.distribution("avsep").requires
    needed = {
        re.match(r"[A-Za-z0-9._-]+", wish)[0].lower().replace("_", "-") for wish in declared if "extra ==" not in wish
    }
    listed = {one.name.lower().replace("_", "-"): one for one in info.software}
    assert needed <= set(listed)
    assert all(one.licence for one in info.software)
    assert all(listed[name].version for name in needed)
    assert [name for name, one in listed.items() if one.licence == "not told" and name != "dlib"] == []


def test_licences_are_short_and_the_version_is_the_packages(info):
    assert info.licence == "Apache-2.0"
    assert info.version == about_module.distribution("avsep").version
    assert info.installed_as in ("source", "package")
    assert all("\n" not in one.licence and len(one.licence) < 160 for one in info.software)


def test_qt_and_ffmpeg_are_told_with_their_licence(info):
    listed = {one.name: one.licence for one in info.software}
    assert "LGPL" in listed["PySide6"]
    assert "LGPL" in listed["FFmpeg"]
    assert "LGPL" in listed["FFmpeg in Qt"]
    told, parts = about_module._pyav_ffmpeg()
    assert listed["FFmpeg"].startswith(told)
    assert all(part in listed["FFmpeg"] for part in parts)


def test_a_program_that_is_not_there_is_not_told(info, tmp_path, monkeypatch):
    """A bundle has the metadata of imageio-ffmpeg, and not its program."""
    name = about_module.FFMPEG_PROGRAM
    found = about_module._needed()
    assert name in [one.name for one in about_module._ffmpegs(found)]
    monkeypatch.setattr(type(found["imageio-ffmpeg"]), "locate_file", lambda self, path: tmp_path / path)
    assert name not in [one.name for one in about_module._ffmpegs(found)]


def test_a_bundle_tells_from_what_it_was_made(info, tmp_path, monkeypatch):
    assert info.build is None
    told = tmp_path / "build.json"
    monkeypatch.setattr(about_module, "resource", lambda name: tmp_path / name)
    told.write_text('{"revision": "0123abc", "date": "2026-11-22"}')
    assert api.about().build == BuildInfo("0123abc", "2026-11-22")
    told.write_text('{"revision": "0123abc"}')
    assert api.about().build is None


def test_what_stands_in_for_a_library_in_bundles_is_told(monkeypatch):
    real = about_module.distribution

    def frozen(name):
        if name == "opencv-python":
            raise about_module.PackageNotFoundError(name)
        return real("pillow" if name == "opencv-python-headless" else name)

    monkeypatch.setattr(about_module, "distribution", frozen)
    assert "opencv-python-headless" in about_module._needed()
    assert "opencv-python" not in about_module._needed()


def test_there_is_a_text_for_everything(info):
    for one in info.software:
        assert len(api.licence_text(one.name)) > 40, one.name
    assert "Apache License" in api.licence_text("avsep")
    assert "Permission is hereby granted" in api.licence_text("moviepy")
    assert "gnu.org/licenses/lgpl-3.0" in api.licence_text("PySide6")


def test_what_is_no_part_is_refused():
    with pytest.raises(UsageError, match="left-pad"):
        api.licence_text("left-pad")


def test_a_package_that_lacks_its_text_says_where_to_look(monkeypatch):
    found = about_module._needed()
    monkeypatch.setattr(type(found["numpy"]), "files", property(lambda self: None))
    assert "Its text does not come with it" in api.licence_text("numpy")


def test_a_missing_field_is_no_failure_where_another_library_reads_the_metadata():
    """Once imported, importlib_metadata answers for the standard library, and raises for what is absent."""
    pytest.importorskip("importlib_metadata")
    assert all(one.licence for one in about_module.about().software)

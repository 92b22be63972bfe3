"""What a bundle holds, as its list and its licences tell."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

import av
import pytest

from tests.helpers.scripts import packaging_script

ROOT = Path(__file__).parents[2]
ELF = b"\x7fELF"


@pytest.fixture(scope="module")
def script():
    with packaging_script("sbom.py") as module:
        yield module


@pytest.fixture
def bundle(tmp_path, monkeypatch) -> Path:
    """Two packages, one with a library of its own; a library that everybody knows, and modules of Python."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    inner = tmp_path / "bundle" / "_internal"
    package(inner, "avsep", "1.2.3", "License-Expression: Apache-2.0", {})
    package(
        inner,
        "Some.Thing",
        "4.5",
        "Classifier: License :: OSI Approved :: BSD License",
        {"some/libown.so": ELF + b"own"},
    )
    (inner / "libs").mkdir()
    (inner / "libs" / "libopus-0123abcd.so.0.11.1").write_bytes(ELF + b"..libopus 1.6.1\0")
    (inner / "libs" / "libavutil-0123abcd.so.60.1.2").write_bytes(ELF + b"libavutil license: LGPL version 3 or later\0")
    (inner / "libs" / "libopus.so.0").symlink_to("libopus-0123abcd.so.0.11.1")
    (inner / "thing.cpython-311-x86_64-linux-gnu.so").write_bytes(ELF)
    (inner / "notes.so").write_text("no library")
    return inner.parent


def package(inner: Path, name: str, version: str, line: str, files: dict[str, bytes]) -> None:
    told = inner / f"{name}-{version}.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{line}\n")
    (told / "LICENSE").write_text(f"The licence of {name}.")
    for place, body in files.items():
        (inner / place).parent.mkdir(parents=True, exist_ok=True)
        (inner / place).write_bytes(body)
    lines = [f"{told.name}/METADATA,,", f"{told.name}/LICENSE,,", *(f"{place},," for place in files)]
    (told / "RECORD").write_text("\n".join(lines) + "\n")


def test_the_list_names_packages_and_libraries_with_version_licence_and_sum(script, bundle, tmp_path):
    told = json.loads(script.write_sbom(bundle, tmp_path).read_text())
    assert told["bomFormat"] == "CycloneDX" and told["specVersion"] == "1.6"
    assert told["metadata"]["component"]["name"] == "avsep" and "timestamp" not in told["metadata"]
    components = {one["name"]: one for one in told["components"]}
    assert list(components) == ["Some.Thing", "FFmpeg", "Opus"]
    assert components["Some.Thing"]["purl"] == "pkg:pypi/some-thing@4.5"
    assert components["Some.Thing"]["licenses"] == [{"license": {"name": "BSD License"}}]
    opus = components["Opus"]
    body = (bundle / "_internal" / "libs" / "libopus-0123abcd.so.0.11.1").read_bytes()
    assert opus["version"] == "1.6.1" and opus["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert opus["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(body).hexdigest()}]
    assert components["FFmpeg"]["version"] == "60.1.2"
    assert components["FFmpeg"]["licenses"] == [{"expression": "LGPL-3.0-or-later"}], "as it says of itself"
    assert len({one["bom-ref"] for one in told["components"]}) == 3


def test_the_same_bundle_gives_the_same_files(script, bundle, tmp_path, monkeypatch):
    made = []
    for name in ("one", "two"):
        out = tmp_path / name
        out.mkdir()
        script.write_sbom(bundle, out)
        script.write_licences(bundle, out)
        made.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert made[0] == made[1] and len(made[0]) > 10
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert json.loads(script.write_sbom(bundle, tmp_path).read_text())["metadata"]["timestamp"].startswith(
        "2023-11-14T"
    )


def test_licences_are_there_in_full(script, bundle, tmp_path):
    folder = script.write_licences(bundle, tmp_path)
    assert "The licence of Some.Thing." in (folder / "Some.Thing-4.5.txt").read_text()
    opus = (folder / "Opus.txt").read_text()
    assert "Jean-Marc Valin" in opus and "Redistributions in binary form must reproduce" in opus
    ffmpeg = (folder / "FFmpeg.txt").read_text()
    assert "you may replace it" in ffmpeg and "LGPL-3.0.txt" in ffmpeg
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (folder / "LGPL-3.0.txt").read_text()
    overview = (folder / "OVERVIEW.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in overview] == ["avsep 1.2.3", "FFmpeg", "Opus", "Some.Thing 4.5"]


def test_a_library_that_nobody_knows_stops_the_build(script, bundle, tmp_path, monkeypatch, capsys):
    (bundle / "_internal" / "libstrange.so.1").write_bytes(ELF)
    monkeypatch.setattr(sys, "argv", ["sbom.py", str(bundle)])
    assert script.main() == 1 and "_internal/libstrange.so.1" in capsys.readouterr().err
    (bundle / "_internal" / "libstrange.so.1").unlink()
    assert script.main() == 0 and (bundle / "avsep.cdx.json").is_file() and (bundle / "licences").is_dir()


def test_what_is_no_bundle_is_refused(script, tmp_path):
    with pytest.raises(script.SbomError, match="no metadata of avsep"):
        script.write_sbom(tmp_path, tmp_path)


def test_every_library_of_pyav_is_in_the_table(script):
    folder = Path(av.__file__).parent.parent / "av.libs"
    if not folder.is_dir():
        pytest.skip("this PyAV has no libraries of its own")
    table = (ROOT / "packaging" / "licences" / "libraries.csv").read_text(encoding="utf-8").splitlines()[1:]
    patterns = [re.compile(line.split(",")[0]) for line in table]
    assert [file.name for file in folder.iterdir() if not any(known.match(file.name) for known in patterns)] == []

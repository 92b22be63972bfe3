"""What the installed application leaves out, weighs, needs of a system, and tells it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.scripts import packaging_script

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


@pytest.fixture
def load():
    """Loads modules of the folder packaging, which is no package."""
    with ExitStack() as stack:
        yield lambda place: stack.enter_context(packaging_script(place))


@pytest.fixture
def cuts(load):
    return load("bundle/cuts.py")


@pytest.fixture
def build(load):
    return load("build.py")


@pytest.fixture
def deb(load):
    return load("linux/deb.py")


@pytest.fixture
def libraries(load):
    return load("linux/libraries.py")


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/lib/libQt6WebEngineCore.so.6",
        "libQt6Pdf.so.6",
        "PySide6/QtWebEngineCore.abi3.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "PySide6/Qt/translations/qtbase_fr.qm",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "torch/bin/protoc",
        "torch/bin/test_api",
        "torch/lib/libtorchbind_test.so",
        "torch/include/c10/core/Device.h",
        "torchaudio/lib/libctc_prefix_decoder.so",
        "imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v7",
        "cv2/data/haarcascade_eye.xml",
        "libpulse.so.0",
        "libstdc++.so.6",
        "libX11.so.6",
        "libreadline.so.8",
    ],
)
def test_what_is_not_used_is_left_out(cuts, place):
    assert not cuts.stays(place)


@pytest.mark.parametrize(
    "place",
    [
        "PySide6/Qt/lib/libQt6Core.so.6",
        "PySide6/Qt/lib/libQt6FFmpegStub-ssl.so.3",
        "PySide6/Qt/lib/libavcodec.so.61",
        "PySide6/Qt/lib/libicudata.so.73",
        "PySide6/Qt/plugins/multimedia/libffmpegmediaplugin.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/wayland-shell-integration/libxdg-shell.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/QtMultimedia.abi3.so",
        "PySide6/libpyside6.abi3.so.6.11",
        "torch/bin/torch_shm_manager",
        "torch/lib/libtorch_cpu.so",
        "cv2/data/haarcascade_profileface.xml",
        "libxcb-cursor.so.0",
        "libssl.so.3",
        "av.libs/libavcodec-1234.so.62",
        "resources/models/compact.safetensors",
        "PySide6/plugins/platforms/qwindows.dll",
    ],
)
def test_what_is_used_stays(cuts, place):
    assert cuts.stays(place)


def test_nothing_that_the_sources_import_is_left_out(cuts):
    imported = set()
    for file in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "avsep_gui").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = {name.split(".")[1] for name in imported if re.match(r"PySide6\.Qt\w+", name)}
    assert parts <= set(cuts.QT_MODULES)
    optional = {"distributed", "lightning_fabric"}  # of extras, which say so where they are missing
    cut = {name for name in imported for left in cuts.MODULES if name == left or name.startswith(f"{left}.")}
    assert {name.partition(".")[0] for name in cut} <= optional


def test_every_file_counts_for_a_part_with_a_budget(cuts):
    parts = {
        "torch/lib/libtorch_cpu.so": "PyTorch",
        "libQt6Core.so.6": "Qt",
        "cv2/cv2.abi3.so": "OpenCV",
        "face_recognition_models/models/a.dat": "face models",
        "scipy.libs/libopenblas.so": "SciPy",
        "libpython3.11.so.1.0": "Python",
        "resources/build.json": "AVSep",
        "pillow.libs/libavif.so": "other libraries",
    }
    assert {place: cuts.component(place) for place in parts} == parts
    assert set(parts.values()) <= set(cuts.BUDGET_MB)


def test_pictures_and_sources_of_translations_stay_at_home(cuts):
    files = {file.relative_to(ROOT).as_posix() for file in cuts.resources(ROOT)}
    assert {"resources/models/compact.safetensors", "resources/translations/avsep_de.qm"} <= files
    assert not any("screenshots" in file or file.endswith(".ts") for file in files)


def test_the_environment_has_what_the_package_declares_with_a_windowless_opencv(build):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    wanted = build.requirements()
    assert len(wanted) == len(declared) + len(build.TOOLS)
    assert any(one.startswith("opencv-python-headless>=") for one in wanted)
    assert not any(re.match(r"opencv-python\b(?!-)", one) for one in wanted)


def test_the_parts_are_weighed_and_told(build, tmp_path):
    for place, size in (("_internal/torch/lib/a.so", 2_000_000), ("_internal/PIL/b.so", 1_000_000), ("avsep", 500_000)):
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(size))
    (tmp_path / "_internal" / "c.so").symlink_to("torch/lib/a.so")
    weights = build.weigh(tmp_path / "_internal")
    assert (weights["PyTorch"], weights["other libraries"], weights["Qt"]) == (2.0, 1.0, 0.0)
    assert "| **all** | **4 MB** | |" in build.as_table(weights, tmp_path)  # 3.5, rounded


def test_lists_of_files_name_what_is_there(build, tmp_path):
    info = tmp_path / "some-1.0.dist-info"
    info.mkdir()
    (tmp_path / "there.so").write_bytes(b"")
    (info / "RECORD").write_text('there.so,sha256=a,1\ngone.so,sha256=b,2\n"gone, too.so",,\n')
    build.forget_left_out(tmp_path)
    assert (info / "RECORD").read_text() == "there.so,sha256=a,1\n"


def test_an_added_torch_is_used_if_it_is_the_same_version_for_the_same_python(load, monkeypatch, tmp_path):
    begin = load("bundle/begin.py")
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)

    def put(folder, version, python=sys.implementation.cache_tag):
        (tmp_path / folder / "torch").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "torch" / "version.py").write_text(
            f"from typing import Optional\n__version__ = '{version}'\n"
        )
        (tmp_path / folder / "torch" / f"_C.{python}-here.so").write_bytes(b"")

    put("bundle", "2.13.0+cpu")
    for folder, version, python in (("newer", "2.14.0+cu130", None), ("other", "2.13.0+cu130", "cpython-39")):
        put(folder, version, *([python] if python else []))
        assert not begin.use_added_torch(tmp_path / folder, tmp_path / "bundle")
    assert not begin.use_added_torch(tmp_path / "none", tmp_path / "bundle")
    assert sys.path == before
    put("cuda", "2.13.0+cu130")
    assert begin.use_added_torch(tmp_path / "cuda", tmp_path / "bundle")
    assert sys.path == [str(tmp_path / "cuda"), *before]


def test_the_package_declares_what_it_is_linked_to(libraries, tmp_path, monkeypatch):
    for name in ("program", "libown.so.1"):
        (tmp_path / name).write_bytes(b"\x7fELF")
    asked = {"program": ["libown.so.1", "libc.so.6", "libxcb.so.1"], "libown.so.1": ["libGL.so.1"]}
    monkeypatch.setattr(libraries, "needed", lambda file: asked[file.name])
    assert set(libraries.depends(tmp_path)) == {"libc6 (>= 2.36)", "libxcb1", "libgl1", *libraries.ALWAYS}
    asked["program"].append("libnobody-knows.so.3")
    with pytest.raises(SystemExit, match="libnobody-knows"):
        libraries.depends(tmp_path)


def test_the_control_file_and_the_tree(deb, tmp_path):
    bundle = tmp_path / "avsep"
    (bundle / "_internal").mkdir(parents=True)
    (bundle / "avsep").write_text("program")
    (bundle / "avsep").chmod(0o700)
    (bundle / "_internal" / "data").write_text("data")
    tree = tmp_path / "tree"
    deb.fill(tree, bundle, 1_700_000_000)
    deb.write_control(tree, ["libc6 (>= 2.36)", "libgl1"])
    control = (tree / "DEBIAN" / "control").read_text()
    assert f"Version: {deb.version()}\n" in control
    assert "Depends: libc6 (>= 2.36), libgl1\n" in control
    assert re.search(r"^Installed-Size: \d+$", control, re.MULTILINE)
    assert all(line.startswith(" ") or ": " in line for line in control.splitlines())
    assert str((tree / "usr/bin/avsep-gui").readlink()) == "/usr/lib/avsep/avsep-gui"
    assert (tree / "usr/lib/avsep/avsep").stat().st_mode & 0o777 == 0o755
    assert (tree / "usr/lib/avsep/_internal/data").stat().st_mode & 0o777 == 0o644
    assert (tree / "usr/lib/avsep/_internal/data").stat().st_mtime == 1_700_000_000
    sums = (tree / "DEBIAN" / "md5sums").read_text()
    assert "  usr/lib/avsep/avsep\n" in sums and "DEBIAN" not in sums
    named = {path.name for path in (tree / "usr/share").rglob("io.github.avsep.AVSep*")}
    assert {"io.github.avsep.AVSep.desktop", "io.github.avsep.AVSep.svg", "io.github.avsep.AVSep.png"} <= named


def test_the_test_of_an_installed_copy_refuses_what_is_no_voice_of_the_sample(load, monkeypatch, tmp_path, capsys):
    smoke = load("smoke_test.py")
    noise = np.random.default_rng(0).normal(0.0, 0.05, (smoke.FRAMES, smoke.CHANNELS)).astype(np.float32)
    for name, sound, rate in (
        ("good", noise, smoke.SAMPLE_RATE_HZ),
        ("silent", 0 * noise, smoke.SAMPLE_RATE_HZ),
        ("short", noise[:-1], smoke.SAMPLE_RATE_HZ),
        ("slow", noise, 44100),
    ):
        soundfile.write(tmp_path / f"{name}.wav", sound, rate, subtype="FLOAT")
    first = smoke.check_voice(tmp_path / "good.wav")
    np.testing.assert_array_equal(np.asarray(first), noise[:, 0])
    assert smoke.correlation(first, first) == pytest.approx(1.0)
    for name in ("silent", "short", "slow"):
        with pytest.raises(SystemExit, match="FAILED"):
            smoke.check_voice(tmp_path / f"{name}.wav")
    (tmp_path / "text.wav").write_text("no sound at all")
    with pytest.raises(SystemExit, match="no WAV"):
        smoke.check_voice(tmp_path / "text.wav")


@pytest.mark.parametrize("name", ["install.sh", "uninstall.sh", "refresh.sh", "bare_root.sh"])
def test_the_scripts_are_plain_shell(name):
    subprocess.run(["sh", "-n", str(PACKAGING / "linux" / name)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the installer is for Linux")
def test_the_archive_installs_into_a_folder_and_leaves_nothing_behind(load, monkeypatch, tmp_path):
    tarball = load("linux/tarball.py")
    monkeypatch.setattr(tarball.libraries, "depends", lambda bundle: ["libgl1"])
    bundle = tmp_path / "made" / "avsep"
    (bundle / "_internal").mkdir(parents=True)
    for program in ("avsep", "avsep-gui"):
        (bundle / program).write_text('#!/bin/sh\necho "started $@"\n')
        (bundle / program).chmod(0o755)
    monkeypatch.setattr(sys, "argv", ["tarball.py", str(bundle), "--out", str(tmp_path)])
    assert tarball.main() == 0
    (archive,) = tmp_path.glob("*.tar.gz")
    first = archive.read_bytes()
    assert tarball.main() == 0
    assert archive.read_bytes() == first
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    home = tmp_path / "a home & more"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    for _twice in range(2):
        subprocess.run([unpacked / "install.sh"], env=environment, check=True, capture_output=True)
    entry = (home / ".local/share/applications/io.github.avsep.AVSep.desktop").read_text()
    command = next(line for line in entry.splitlines() if line.startswith("Exec="))
    assert command == f'Exec="{home}/.local/lib/avsep/avsep-gui" %f'
    said = subprocess.run([home / ".local/bin/avsep", "x"], env=environment, check=True, capture_output=True, text=True)
    assert said.stdout == "started x\n"
    subprocess.run([home / ".local/lib/avsep/uninstall.sh"], env=environment, check=True, capture_output=True)
    assert list(home.iterdir()) == []
    (home / ".local/lib/avsep").mkdir(parents=True)
    refused = subprocess.run([unpacked / "install.sh"], env=environment, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "nothing is changed" in refused.stderr

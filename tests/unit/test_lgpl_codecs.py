"""What the bundle may hold: libx264 and libx265 replaced, nothing else under the GPL, everything else as before."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from engine.media.frames import read_frames
from tests.helpers.media_files import Picture, Sound, write_media
from tests.helpers.scripts import packaging_script

ROOT = Path(__file__).parents[2]
TOOLS = all(shutil.which(tool) for tool in ("gcc", "readelf"))
pytestmark = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and TOOLS), reason="libraries are replaced on Linux, by gcc and readelf"
)
ELF = b"\x7fELF"


@pytest.fixture(scope="module")
def script():
    with packaging_script("lgpl_codecs.py") as module:
        yield module


def library(folder: Path, name: str, source: str, *options: str) -> Path:
    """A library made from C."""
    code = folder / f"{name}.c"
    code.write_text(source)
    command = ["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", name, code.name, *options]
    subprocess.run(command, cwd=folder, check=True)
    code.unlink()
    return folder / name


def test_what_is_asked_of_a_library_is_there_and_refuses(script, tmp_path):
    """Functions, an object of its size, versions of symbols; what nobody asks for is gone."""
    (tmp_path / "map").write_text("X264_9 { global: x264_*; };")
    code = "int x264_param_parse(void) { return 7; } void *x264_encoder_open_9(void) { return &x264_param_parse; }"
    code += " const int x264_levels[3] = {1, 2, 3}; int x264_unasked(void) { return 1; }"
    replaced = library(tmp_path, "libx264-0123abcd.so.9", code, "-Wl,--version-script=map")
    (tmp_path / "map").unlink()
    code = "extern int x264_param_parse(void); extern void *x264_encoder_open_9(void); extern const int x264_levels[];"
    code += " int parsed(void) { return x264_param_parse(); } void *opened(void) { return x264_encoder_open_9(); }"
    code += " int level(int at) { return x264_levels[at]; }"
    user = library(tmp_path, "libuser.so", code, replaced.name, "-Wl,-rpath,$ORIGIN")

    done = script.make_lgpl(tmp_path)

    assert len(done) == 1 and replaced.name in done[0]
    called = ctypes.CDLL(str(user))
    called.opened.restype = ctypes.c_void_p
    assert called.parsed() == -1 and called.opened() is None
    assert [called.level(at) for at in range(3)] == [0, 0, 0]
    symbols = {symbol.name: symbol for symbol in script._symbols(replaced) if symbol.defined}
    assert {"x264_param_parse", "x264_encoder_open_9", "x264_levels"} <= set(symbols)
    assert "x264_unasked" not in symbols
    assert symbols["x264_levels"].size == 12 and symbols["x264_levels"].version == "X264_9"
    before = replaced.read_bytes()
    assert script.make_lgpl(tmp_path) == [] and replaced.read_bytes() == before, "once is enough"


def test_the_same_library_is_made_each_time(script, tmp_path):
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        replaced = library(folder, "libx265.so.1", "void *x265_api_get_1(int depth) { return 0; }")
        library(folder, "libuser.so", "extern void *x265_api_get_1(int); void *f(void) { return x265_api_get_1(8); }",
                replaced.name)  # fmt: skip
        script.make_lgpl(folder)
        made.append(replaced.read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "name",
    [
        *("libx264.so.164", "libx265-f5385bb8.so.216", "libx264-165.dll", "libx264.165.dylib", "libpostproc.so.58"),
        *("libxvidcore.so.4", "librubberband.so.2", "libvidstab.so.1.1", "libcdio.so.19", "libreadline.so.8"),
        *("libQt6Charts.so.6", "QtCharts.abi3.so", "Qt6VirtualKeyboard.dll", "libqtvirtualkeyboardplugin.so"),
        *("ffmpeg-linux-x86_64-v9.0.2", "readline.cpython-311-x86_64-linux-gnu.so"),
    ],
)
def test_what_is_known_by_its_name(script, tmp_path, name):
    (tmp_path / name).write_bytes(ELF + b"\0" * 100)
    assert [line.partition(":")[0] for line in script.gpl_left(tmp_path)] == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("libavcodec.so.62", "libQt6Core.so.6", "libQt6Quick.so.6", "libQt6ShaderTools.so.6", "libopenh264.so.7"),
        *("libx11.so.6", "libxcb.so.1", "libgmp-8c6c054f.so.10.5.0", "_speedups.cpython-311-x86_64-linux-gnu.so"),
    ],
)
def test_what_may_stay(script, tmp_path, name):
    (tmp_path / name).write_bytes(ELF + b"libavcodec license: LGPL version 2.1 or later\0")
    assert script.gpl_left(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "contents", "words"),
    [
        ("libcv.so", ELF + b"x264 - core 165 - http://www.videolan.org/x264.html", "holds x264"),
        ("cv2.pyd", b"MZ" + b"x265 (build 216) - http://x265.org", "holds x265"),
        ("libavutil.so.60", ELF + b"libavutil license: GPL version 3 or later", "FFmpeg under the GPL"),
        ("libswscale.so.9", ELF + b"nothing", "does not say"),
        ("some.txt", b"http://x265.org libavutil license: GPL version 3 or later", ""),
    ],
)
def test_what_is_known_by_what_it_says(script, tmp_path, name, contents, words):
    (tmp_path / name).write_bytes(contents)
    left = script.gpl_left(tmp_path)
    assert any(words in line for line in left) if words else left == []


def test_what_is_needed_and_cannot_be_replaced_stops_the_build(script, tmp_path):
    library(tmp_path, "libreadline.so.8", "int readline(void) { return 0; }")
    library(tmp_path, "libuser.so", "extern int readline(void); int f(void) { return readline(); }", "libreadline.so.8")
    with pytest.raises(script.GplError, match=r"libreadline\.so\.8 is under the GPL, and libuser\.so needs it"):
        script.make_lgpl(tmp_path)


def test_what_nothing_needs_is_removed_with_its_links(script, tmp_path, monkeypatch, capsys):
    library(tmp_path, "libreadline.so.8", "int readline(void) { return 0; }")
    (tmp_path / "libreadline.so").symlink_to("libreadline.so.8")
    (tmp_path / "ffmpeg-linux-x86_64-v9.0.2").write_bytes(ELF + b"libavutil license: GPL version 3 or later")
    monkeypatch.setattr(sys, "argv", ["lgpl_codecs.py", str(tmp_path), "--check"])
    assert script.main() == 1 and len(list(tmp_path.iterdir())) == 3
    assert "ffmpeg-linux" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["lgpl_codecs.py", str(tmp_path)])
    assert script.main() == 0 and list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def replaced(script, tmp_path_factory) -> Path:
    """PyAV as the bundle has it."""
    package = Path(av.__file__).parent
    libraries = package.parent / "av.libs"
    if not any(libraries.glob("libx264-*")):
        pytest.skip("this PyAV has no libraries of its own")
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copytree(package, folder / "av")
    shutil.copytree(libraries, folder / "av.libs")
    done = script.make_lgpl(folder)
    assert [line.partition("-")[0] for line in done] == ["av.libs/libx264", "av.libs/libx265"]
    assert sum(file.stat().st_size for file in (folder / "av.libs").glob("libx26*")) < 100_000
    return folder


def run(folder: Path, code: str, *arguments: str | Path) -> dict:
    """The answer of a fresh process that has PyAV from a folder; `code` fills `answer`."""
    head = "import json, sys\nsys.path.insert(0, sys.argv[1])\nimport av\nassert av.__file__.startswith(sys.argv[1])\n"
    command = [sys.executable, "-c", f"{head}answer = {{}}\n{code}\nprint(json.dumps(answer))", str(folder)]
    done = subprocess.run([*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return json.loads(done.stdout)


REFUSED = """
from fractions import Fraction
for name in ("libx264", "libx264rgb", "libx265"):
    context = av.CodecContext.create(name, "w")
    context.width, context.height, context.time_base = 320, 240, Fraction(1, 25)
    context.pix_fmt = "rgb24" if name == "libx264rgb" else "yuv420p"
    try:
        context.open()
        answer[name] = "opened"
    except av.error.FFmpegError as error:
        answer[name] = type(error).__name__
    context.options = {"preset": "slow", "crf": "20", "tune": "grain", "profile": "main"}
    try:
        context.open()
        answer[name] = "opened"
    except av.error.FFmpegError:
        pass
    del context
"""


def test_the_encoders_are_an_ordinary_error(replaced):
    answer = run(replaced, REFUSED)
    assert set(answer) == {"libx264", "libx264rgb", "libx265"}
    assert "opened" not in answer.values(), answer


DECODED = """
from pathlib import Path
from engine.media.frames import read_frames
answer["sums"] = [int(frame.rgb.sum()) for path in sys.argv[2:] for frame in read_frames(Path(path))]
"""


def test_h264_and_hevc_are_decoded_as_before(replaced, tmp_path):
    paths = [
        write_media(tmp_path / "a.mp4", Picture(duration_s=0.4), [Sound(duration_s=0.4)]),
        write_media(tmp_path / "b.mkv", Picture(duration_s=0.4, codec="libx265"), [Sound(duration_s=0.4)]),
    ]
    sums = [int(frame.rgb.sum()) for path in paths for frame in read_frames(path)]
    assert len(sums) == 20
    assert run(replaced, DECODED, *paths)["sums"] == sums


SOUNDS = """
import numpy as np
from pathlib import Path
from engine import api
from engine.jobs import CancelToken
from engine.media.tracks import SoundTrack
from engine.media.writer import write_sound
samples = np.sin(np.arange(24_000) / 20)[:, None].astype(np.float32) * 0.5
track = SoundTrack("Voice", 48_000, 1, "mono", len(samples), lambda: iter([samples]))
for suffix in (".m4a", ".flac", ".opus"):
    path = Path(sys.argv[2], "sound" + suffix)
    write_sound(path, track, on_progress=lambda _: None, cancel=CancelToken())
    back = np.asarray(api.decode_audio(path).open())
    answer[suffix] = [len(back), float(np.abs(back - samples).max())]
context = av.CodecContext.create("alac", "w")
context.sample_rate, context.layout, context.format = 48_000, "mono", "s32p"
context.open()
answer["alac"] = context.is_open
"""


def test_sound_is_encoded_as_before(replaced, tmp_path):
    answer = run(replaced, SOUNDS, tmp_path)
    assert answer.pop("alac") is True
    assert {suffix: length for suffix, (length, _) in answer.items()} == dict.fromkeys(
        (".m4a", ".flac", ".opus"), 24_000
    )
    assert all(error < 0.05 for _, error in answer.values()), answer


CLOSE_UP = """
from pathlib import Path
import numpy as np
from engine.media.picture import picture_coding
from tests.unit import test_export_close_up as close_ups
times = np.arange(0, 2, 0.04)
track = close_ups._track(times, np.full(50, 320.0), 180.0)
close_up = close_ups._close_up(Path(sys.argv[2]), track, "1:1", (0.0, 2.0), "Ann")
answer["notes"] = close_ups._write(Path(sys.argv[3]), close_up, close_ups._voice(2.0))
answer["encoder"] = picture_coding(Path(sys.argv[3]).suffix).encoder
"""


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_close_up_is_made_with_the_next_encoder(replaced, tmp_path, suffix):
    film = write_media(tmp_path / "film.mp4", Picture(duration_s=2.0, width=640, height=360))
    output = tmp_path / f"out{suffix}"
    answer = run(replaced, CLOSE_UP, film, output)
    assert answer["encoder"] != "libx264"
    assert any(answer["encoder"] in note for note in answer["notes"])
    made = list(read_frames(output))
    assert len(made) == 50 and made[0].rgb.shape == (360, 360, 3)
    np.testing.assert_allclose([frame.time_s for frame in made], np.arange(50) / 25, atol=0.0011)


TOLD = """
import engine.cli.machine as machine
from engine import api
answer["ffmpeg"] = {one.name: one.licence for one in api.about().software}["FFmpeg"]
answer["text"] = api.licence_text("FFmpeg")
answer["close_ups"] = {suffix: coding.format for suffix, coding in machine._close_ups().items()}
"""


def test_about_and_the_doctor_tell_what_is_there(replaced):
    answer = run(replaced, TOLD)
    assert "LGPL" in answer["ffmpeg"] and "x264" not in answer["ffmpeg"]
    assert "x264" not in answer["text"]
    assert answer["close_ups"] == {".mp4": "VP9", ".mov": "MPEG-4 Part 2", ".mkv": "VP9"}

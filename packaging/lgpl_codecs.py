"""Make a folder of libraries one without GPL: what the application's bundle may hold ("LGPL codecs only").

    .venv/bin/python packaging/lgpl_codecs.py FOLDER            replace, remove, then check
    .venv/bin/python packaging/lgpl_codecs.py FOLDER --check    check alone; exit code 1 where something GPL is left

FFmpeg as PyAV brings it is under the LGPL, but asks for libx264 and libx265, which are not. They are replaced by
libraries of the same names that hold exactly what is asked of them and refuse, so that opening those encoders is an
ordinary error of PyAV (docs/adr/0013-lgpl-codecs.md). What else is GPL is removed, unless something needs it: the
program of imageio-ffmpeg, modules of Qt, readline. Linux only; needs gcc and binutils, as building AVSep does.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

REPLACED = re.compile(r"^libx26[45]\b")
# By the names of their files, on all systems.
_GPL_LIBRARIES = (
    *("x264", "x265", "xvidcore", "postproc", "rubberband", "vidstab", "frei0r", "cdio", "cdio_cdda", "cdio_paranoia"),
    *("davs2", "xavs", "xavs2", "dvdread", "dvdnav", "readline", "history", "gdbm", "gdbm_compat", "fftw3", "fftw3f"),
)
_GPL_QT = (
    *("Charts", "DataVisualization", "Graphs", "HttpServer", "Lottie", "NetworkAuth", "Quick3D", "QuickTimeline"),
    *("VirtualKeyboard", "WaylandCompositor"),
)
_NAMES = (
    re.compile(rf"(?i)^(lib)?({'|'.join(_GPL_LIBRARIES)})(-[0-9a-f]{{8}}|[-.]\d+)*\.(so|dll|dylib)\b"),
    re.compile(rf"^(lib)?Qt6?({'|'.join(_GPL_QT)})[A-Za-z0-9]*(\.abi3)?\.(so|dll|pyd|dylib)\b"),
    re.compile(r"^(lib)?qtvirtualkeyboard\w*\.(so|dll|dylib)$"),
    re.compile(r"^(readline|_gdbm)\.\S*(so|pyd)$"),
    re.compile(r"^ffmpeg-(linux|win|mac)[\w.-]*$"),
)
# By what they say of themselves, whatever they are called and whatever they were linked into.
_SAYINGS = {
    b"videolan.org/x264.html": "holds x264",
    b"http://x265.org": "holds x265",
    b" license: GPL version": "FFmpeg under the GPL",
    b" license: nonfree": "FFmpeg that must not be passed on",
    b"--enable-gpl": "FFmpeg under the GPL",
}
_FFMPEG = re.compile(r"^(lib)?(avcodec|avformat|avutil|avfilter|avdevice|swscale|swresample)\b")
_LGPL = b" license: LGPL version"
_ELF = b"\x7fELF"
_HEADS = (_ELF, b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")  # programs and libraries of Linux, Windows, macOS
_PLAIN = {**os.environ, "LC_ALL": "C"}  # tools that answer in English
_MARK = "AVSep: refuses in place of"

_SOURCE = """\
__attribute__((used)) static const char mark[] = "{mark} {soname}";
static long refused(void) {{ return -1; }}
/* x265 is called through a table of functions, whose first is asked for memory, which is never written to. */
static void *const table[64] = {{ [0 ... 63] = (void *)refused }};
{symbols}
"""
_TABLE = "const void *{c}(void) {{ return table; }}"
_NOTHING = "void *{c}(void) {{ return 0; }}"
_REFUSES = "long {c}(void) {{ return refused(); }}"
_OBJECT = "char {c}[{size}] __attribute__((aligned(16)));"


class GplError(Exception):
    """Something under the GPL cannot be taken away, or is left; says what and where."""


@dataclass(frozen=True)
class Symbol:
    """A name in a library's table.

    Attributes:
        version: "" for none.
        size: bytes of an object; None for a function.
    """

    name: str
    version: str
    defined: bool
    size: int | None


def make_lgpl(folder: Path) -> list[str]:
    """Replace and remove what is under the GPL in a folder.

    Returns:
        What was done, a sentence each.

    Raises:
        GplError: a library that is needed cannot be replaced, or something is left.
    """
    done = []
    needed = _needed(folder)
    for path in _binaries(folder):
        place, users = path.relative_to(folder), needed[path.name]
        if not _is_gpl(path.name) or _stands_in(path):
            continue
        if REPLACED.match(path.name):
            replace(path, users)
            done.append(f"{place}: replaced by a library that refuses.")
        elif users:
            raise GplError(f"{place} is under the GPL, and {users[0].relative_to(folder)} needs it.")
        else:
            path.unlink()
            done.append(f"{place}: removed.")
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()
    if left := gpl_left(folder):
        raise GplError("\n".join(left))
    return done


def gpl_left(folder: Path) -> list[str]:
    """What is under the GPL in a folder, a sentence each."""
    left = []
    for path in _binaries(folder):
        place = path.relative_to(folder)
        if _is_gpl(path.name) and not _stands_in(path):
            left.append(f"{place}: under the GPL by its name.")
        left += [f"{place}: {what}." for saying, what in _SAYINGS.items() if _says(path, saying)]
        if _FFMPEG.match(path.name) and not _says(path, _LGPL):
            left.append(f"{place}: FFmpeg that does not say that it is under the LGPL.")
    return left


def replace(library: Path, users: list[Path]) -> None:
    """Put a library that refuses in the place of another: the names that its users ask for, nothing behind them.

    Raises:
        GplError: it cannot be made here.
    """
    if _head(library) != _ELF:
        raise GplError(f"{library.name} cannot be replaced: that is done for Linux alone.")
    asked = {symbol.name for user in users for symbol in _symbols(user) if not symbol.defined}
    given = [symbol for symbol in _symbols(library) if symbol.defined and symbol.name in asked]
    soname = next(iter(_dynamic(library, "SONAME")), library.name)
    with tempfile.TemporaryDirectory() as scratch:
        source, versions, made = (Path(scratch, name) for name in ("refuses.c", "versions", "made.so"))
        source.write_text(_source(soname, given), encoding="ascii")
        versions.write_text(_version_script(given), encoding="ascii")
        scripts = [f"-Wl,--version-script={versions}"] if versions.stat().st_size else []
        _run(
            *("gcc", "-shared", "-fPIC", "-O2", "-s", "-nostdlib", "-Wl,--build-id=none", f"-Wl,-soname,{soname}"),
            *(*scripts, "-o", str(made), str(source)),
        )
        mode = library.stat().st_mode
        library.unlink()  # its contents may be shared with another folder by a hard link
        library.write_bytes(made.read_bytes())
        library.chmod(mode)


def _source(soname: str, symbols: list[Symbol]) -> str:
    lines = []
    for symbol in symbols:
        if symbol.size is not None:
            form = _OBJECT
        elif "_api_get" in symbol.name:
            form = _TABLE
        else:
            form = _NOTHING if "_open" in symbol.name else _REFUSES
        lines.append(form.format(c=symbol.name, size=symbol.size))
    return _SOURCE.format(mark=_MARK, soname=soname, symbols="\n".join(lines))


def _version_script(symbols: list[Symbol]) -> str:
    of: defaultdict[str, list[str]] = defaultdict(list)
    for symbol in symbols:
        if symbol.version:
            of[symbol.version].append(f"{symbol.name};")
    return "".join(f"{version} {{ global: {' '.join(names)} }};\n" for version, names in of.items())


def _binaries(folder: Path) -> list[Path]:
    """Programs and libraries in a folder, each once."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if _head(path).startswith(_HEADS))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _says(path: Path, words: bytes) -> bool:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as body:
        return body.find(words) >= 0


def _stands_in(path: Path) -> bool:
    return _says(path, _MARK.encode())


def _is_gpl(name: str) -> bool:
    return any(pattern.match(name) for pattern in _NAMES)


def _needed(folder: Path) -> defaultdict[str, list[Path]]:
    """For each name of a library, who asks for it; what goes itself does not count."""
    of: defaultdict[str, list[Path]] = defaultdict(list)
    for path in _binaries(folder):
        if _head(path) == _ELF and (REPLACED.match(path.name) or not _is_gpl(path.name)):
            for name in _dynamic(path, "NEEDED"):
                of[name].append(path)
    return of


def _dynamic(library: Path, tag: str) -> list[str]:
    return re.findall(rf"\({tag}\).*\[(.*)\]", _run("readelf", "-dW", str(library)))


def _symbols(library: Path) -> Iterator[Symbol]:
    """The table of a library, as readelf prints it: number, value, size, type, binding, visibility, section, name."""
    for line in _run("readelf", "--dyn-syms", "-W", str(library)).splitlines():
        fields = line.split()
        if len(fields) < 8 or not fields[0].rstrip(":").isdigit():
            continue
        name, _, version = fields[7].partition("@")
        size = int(fields[2], 0) if fields[3] == "OBJECT" else None
        yield Symbol(name, version.lstrip("@"), fields[6] != "UND", size)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, errors="replace", env=_PLAIN)
    except FileNotFoundError as error:
        raise GplError(f"{command[0]} is needed: install gcc and binutils.") from error
    except subprocess.CalledProcessError as error:
        raise GplError(f"{command[0]} failed: {error.stderr.strip()}") from error
    return done.stdout


def main() -> int:
    """The command; 0 where nothing under the GPL is left."""
    parser = argparse.ArgumentParser(description="Make a folder of libraries one without GPL.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing")
    given = parser.parse_args()
    try:
        lines = gpl_left(given.folder) if given.check else make_lgpl(given.folder)
    except GplError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines) if lines else f"Nothing under the GPL in {given.folder}.")
    return 1 if given.check and lines else 0


if __name__ == "__main__":
    sys.exit(main())

"""What AVSep is made of: its version, how it was installed, the software it stands on, and their licences.

All of it is read from what is installed here, so that it is true for this computer.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from engine.errors import UsageError
from engine.resources import resource
from engine.types import AboutInfo, BuildInfo, SoftwareInfo

NAME = "avsep"
FFMPEG, QT_FFMPEG, FFMPEG_PROGRAM, PYTHON = "FFmpeg", "FFmpeg in Qt", "FFmpeg, the program", "Python"
_LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)")
_SHORT = 80  # some put the whole text where the name belongs
_MOST_CHARS = 2_000_000
_GPL_PARTS = ("libx264", "libx265")
_IN_BUNDLES = {"opencv-python": "opencv-python-headless"}  # the same library without windows of its own
_LGPL_NOTE = (
    "{0} is used under the GNU Lesser General Public License, as libraries of their own: you may replace them by "
    "versions that you built. Its source code and the licence's text: {1}"
)
_HOMES = {
    "pyside6": "https://code.qt.io/cgit/pyside/pyside-setup.git/, https://www.gnu.org/licenses/lgpl-3.0.txt",
    "ffmpeg": "https://ffmpeg.org/download.html, https://www.gnu.org/licenses/lgpl-3.0.txt",
}


def about() -> AboutInfo:
    """Read what is installed (see `engine.api.about`)."""
    found = _needed()
    own = found.pop(NAME, None)
    listed = [software(known) for known in found.values()]
    listed += [*_ffmpegs(found), SoftwareInfo(PYTHON, platform.python_version(), "PSF-2.0", "https://www.python.org")]
    return AboutInfo(
        own.version if own is not None else "",
        _licence(own) if own is not None else "Apache-2.0",
        _installed_as(own),
        f"{platform.system()} {platform.release()} ({platform.machine()})",
        tuple(sorted(listed, key=lambda one: one.name.lower())),
        build(),
    )


def build() -> BuildInfo | None:
    """From what a bundle was made and when; None elsewhere."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(resource("build.json").read_text(encoding="utf-8"))
        return BuildInfo(str(told["revision"]), str(told["date"]))
    return None


def packages() -> tuple[str, ...]:
    """AVSep and all packages that it needs at run time, as far as they are installed, by name."""
    return tuple(sorted(known.metadata["Name"] for known in _needed().values()))


def licence_text(name: str) -> str:
    """The licence of a piece of software in full (see `engine.api.licence_text`)."""
    if name == PYTHON:
        return _file_text(Path(sys.base_prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}")) or (
            "Python Software Foundation License Version 2: https://docs.python.org/3/license.html"
        )
    if name in (FFMPEG, QT_FFMPEG, FFMPEG_PROGRAM):
        return _ffmpeg_text(name)
    found = _needed()
    known = found.get(_key(name))
    if known is None:
        raise UsageError(f"{name} is no part of AVSep here.", "Choose one of the list.")
    texts = licence_texts(known)
    if not texts and _key(name).startswith(("pyside6", "shiboken6")):
        texts.append(_LGPL_NOTE.format("Qt for Python", _HOMES["pyside6"]))
    if not texts:
        texts.append(f"{_licence(known)}\n\nIts text does not come with it; see {_home(known) or 'its authors’ page'}.")
    return ("\n\n" + 40 * "-" + "\n\n").join(texts)[:_MOST_CHARS]


def software(known: Distribution) -> SoftwareInfo:
    """What a package tells of itself."""
    return SoftwareInfo(known.metadata["Name"], known.version, _licence(known), _home(known))


def licence_texts(known: Distribution) -> list[str]:
    """The licences, notices and authors that come with a package, each under the name of its file."""
    texts = []
    for file in known.files or ():
        if _LICENCE_FILE.match(file.name) and file.suffix not in (".py", ".pyc"):
            with suppress(OSError):
                body = Path(str(file.locate())).read_text(encoding="utf-8", errors="replace").strip()
                texts.append(f"{file}\n\n{body}")
    return texts


def _needed() -> dict[str, Distribution]:
    """AVSep and all that it needs at run time, as far as it is installed."""
    found: dict[str, Distribution] = {}
    waiting = [NAME]
    while waiting:
        name = waiting.pop()
        if _key(name) in found:
            continue
        try:
            known = distribution(name)
        except PackageNotFoundError:
            if (other := _IN_BUNDLES.get(_key(name))) is not None:
                waiting.append(other)
            continue
        if not _field(known, "Name"):
            continue  # what is left of a package that was removed
        found[_key(name)] = known
        for wish in known.requires or ():
            match = re.match(r"[A-Za-z0-9._-]+", wish)
            if match and "extra ==" not in wish:
                waiting.append(match[0])
    return found


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _field(known: Distribution, name: str) -> str:
    """A field of the metadata, "" if absent (the back port `importlib_metadata` raises for that)."""
    return ((known.metadata.get_all(name) or [""])[0] or "").strip()


def _licence(known: Distribution) -> str:
    """Its short name: an SPDX expression where the package tells one."""
    told = known.metadata
    classes = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    words = _field(known, "License")
    short = words if len(words) <= _SHORT and "\n" not in words else ""
    return _field(known, "License-Expression") or short or ", ".join(classes) or "not told"


def _home(known: Distribution) -> str:
    told = known.metadata
    links = dict(line.split(", ", 1) for line in told.get_all("Project-URL") or () if ", " in line)
    wanted = [url for name, url in links.items() if name.lower() in ("homepage", "home", "source", "repository")]
    return _field(known, "Home-page") or (wanted or list(links.values()) or [""])[0]


def _installed_as(own: Distribution | None) -> str:
    if getattr(sys, "frozen", False):
        return "bundle"
    if own is None:
        return "source"
    with suppress(ValueError, TypeError, AttributeError):
        if json.loads(own.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"):
            return "source"
    return "package"


def _ffmpegs(found: dict[str, Distribution]) -> list[SoftwareInfo]:
    """The three builds of FFmpeg that may be there; each says itself what it is made of."""
    there = []
    with suppress(ImportError, AttributeError, KeyError):
        import av

        licence, parts = _pyav_ffmpeg()
        there.append(SoftwareInfo(FFMPEG, av.ffmpeg_version_info, _with(licence, parts), "https://ffmpeg.org"))
    qt = found.get("pyside6-addons") or found.get("pyside6-essentials")
    if qt is not None and any("avcodec" in file.name for file in qt.files or ()):
        there.append(SoftwareInfo(QT_FFMPEG, "", "LGPL-2.1-or-later", "https://ffmpeg.org"))
    program = found.get("imageio-ffmpeg")
    files = (program.files if program is not None else None) or ()
    if any(file.name.startswith("ffmpeg-") and Path(str(file.locate())).is_file() for file in files):
        there.append(SoftwareInfo(FFMPEG_PROGRAM, "", "GPL-3.0-or-later", "https://ffmpeg.org"))
    return there


def _pyav_ffmpeg() -> tuple[str, list[str]]:
    """The licence that PyAV's FFmpeg tells, and those parts under the GPL that work (a bundle’s refuse)."""
    from av._core import library_meta

    from engine.media.picture import PictureCoding, works

    quiet = {part: {f"{part.removeprefix('lib')}-params": "log-level=none"} for part in _GPL_PARTS}
    parts = [part for part in _GPL_PARTS if works(PictureCoding(part, "", quiet[part]))]
    return str(library_meta["libavcodec"]["license"]), parts


def _with(licence: str, parts: list[str]) -> str:
    return f"{licence}; with {', '.join(parts)} (GPL-2.0-or-later)" if parts else licence


def _ffmpeg_text(name: str) -> str:
    if name == QT_FFMPEG:
        return _LGPL_NOTE.format("FFmpeg in Qt (libavcodec and its sisters)", _HOMES["ffmpeg"])
    if name == FFMPEG_PROGRAM:
        return (
            "A program that comes with imageio-ffmpeg and runs by itself, under the GNU General Public License 3 or "
            "later. AVSep does not start it. Source code and text: https://ffmpeg.org, "
            "https://www.gnu.org/licenses/gpl-3.0.txt"
        )
    licence, parts = _pyav_ffmpeg()
    text = _LGPL_NOTE.format("FFmpeg (libavcodec and its sisters, which come with PyAV)", _HOMES["ffmpeg"])
    text += f"\n\nIt says of itself: {licence}."
    if parts:
        text += (
            f"\n\nWith it come {' and '.join(parts)}, under the GNU General Public License 2 or later: "
            "https://www.videolan.org/developers/x264.html, https://bitbucket.org/multicoreware/x265_git, "
            "https://www.gnu.org/licenses/old-licenses/gpl-2.0.txt"
        )
    return text


def _file_text(folder: Path) -> str:
    for name in ("LICENSE.txt", "LICENSE"):
        with suppress(OSError):
            return (folder / name).read_text(encoding="utf-8", errors="replace")
    return ""

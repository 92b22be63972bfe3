"""Which libraries of the system the bundle asks for, and in which Debian package each is."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

PACKAGES = {
    "ld-linux-x86-64.so.2": "libc6 (>= 2.36)",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libICE.so.6": "libice6",
    "libOpenGL.so.0": "libopengl0",
    "libSM.so.6": "libsm6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrandr.so.2": "libxrandr2",
    "libXrender.so.1": "libxrender1",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libc.so.6": "libc6 (>= 2.36)",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdl.so.2": "libc6 (>= 2.36)",
    "libdrm.so.2": "libdrm2",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgcc_s.so.1": "libgcc-s1",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgmodule-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libm.so.6": "libc6 (>= 2.36)",
    "libmvec.so.1": "libc6 (>= 2.36)",
    "libpthread.so.0": "libc6 (>= 2.36)",
    "libpulse-mainloop-glib.so.0": "libpulse-mainloop-glib0",
    "libpulse.so.0": "libpulse0",
    "libresolv.so.2": "libc6 (>= 2.36)",
    "librt.so.1": "libc6 (>= 2.36)",
    "libstdc++.so.6": "libstdc++6",
    "libutil.so.1": "libc6 (>= 2.36)",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinput.so.0": "libxcb-xinput0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libzstd.so.1": "libzstd1",
}
"""Package by the name that a library is asked for by; the newer Debians and Ubuntus provide these names too."""

OPTIONAL = ("*/platformthemes/libqgtk3.so",)
"""What is loaded only where its libraries are there already: the file dialogue of GTK's desktops."""

ALWAYS = ("hicolor-icon-theme", "fonts-dejavu-core | fonts-noto-core | ttf-bitstream-vera", "xkb-data")
"""Wanted at run time, though nothing is linked to them: where icons belong, letters, and the keyboards."""

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")


def needed(file: Path) -> list[str]:
    """Names of the libraries that a program or library asks for."""
    told = subprocess.run(["readelf", "-d", str(file)], capture_output=True, text=True, check=False).stdout
    return _NEEDED.findall(told)


def binaries(bundle: Path) -> Iterator[Path]:
    """Programs and libraries of the bundle."""
    for file in sorted(bundle.rglob("*")):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as opened:
                if opened.read(4) == b"\x7fELF":
                    yield file


def outside(bundle: Path) -> dict[str, list[str]]:
    """The libraries that the bundle asks for and does not hold, each with who asks."""
    files = list(binaries(bundle))
    inside = {file.name for file in files} | {file.name for file in bundle.rglob("*.so*") if file.is_symlink()}
    found: dict[str, list[str]] = {}
    for file in files:
        place = file.relative_to(bundle).as_posix()
        if any(fnmatch(place, pattern) for pattern in OPTIONAL):
            continue
        for name in needed(file):
            if name not in inside:
                found.setdefault(name, []).append(place)
    return found


def depends(bundle: Path) -> list[str]:
    """The Debian packages that the bundle needs.

    Raises:
        SystemExit: a library is of no known package.
    """
    asked = outside(bundle)
    if unknown := {name: who[:3] for name, who in asked.items() if name not in PACKAGES}:
        raise SystemExit(f"In which package are these libraries? Tell packaging/linux/libraries.py: {unknown}")
    return sorted({PACKAGES[name] for name in asked}) + list(ALWAYS)

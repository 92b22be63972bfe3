"""What the bundle leaves out, and what each part of it may weigh. Read by `avsep.spec`, `build.py` and the tests."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

MODULES = (
    # of developers and of other programs; found by analysis, never run here
    "IPython",
    "_pytest",
    "dask",
    "distributed",
    "lightning_fabric",
    "matplotlib",
    "pandas",
    "pdb",
    "pytest",
    "readline",
    "setuptools",
    "tensorboard",
    "tkinter",
    "triton",
    "wheel",
    # reads a file .env of whatever folder the user is in
    "dotenv",
    # torch: compiling, exporting and its own tests, with what they need
    "jinja2",
    "markupsafe",
    "mpmath",
    "networkx",
    "pygments",
    "sympy",
    "torch._dynamo",
    "torch._inductor",
    "torch.onnx",
    "torch.utils.benchmark",
    "torch.utils.tensorboard",
    # scipy and numpy: what nothing here calls
    "numpy.distutils",
    "scipy.cluster",
    "scipy.datasets",
    "scipy.differentiate",
    "scipy.fftpack",
    "scipy.io",
    "scipy.misc",
    "scipy.odr",
    # pyqtgraph: what is not drawn with
    "pyqtgraph.console",
    "pyqtgraph.examples",
    "pyqtgraph.flowchart",
    "pyqtgraph.opengl",
)
"""Python modules that are not collected."""

PACKAGES = ("imageio-ffmpeg", "jinja2", "markupsafe", "mpmath", "networkx", "python-dotenv", "setuptools", "sympy")
"""Packages of which nothing is left; the bundle does not tell of them."""

QT_MODULES = (
    "QtCore",
    "QtGui",
    "QtMultimedia",
    "QtNetwork",
    "QtOpenGL",
    "QtOpenGLWidgets",
    "QtSvg",
    "QtTest",
    "QtWidgets",
)
"""Parts of Qt that Python reaches: what the sources import, and what pyqtgraph and QtMultimedia need."""

QT_PLUGINS = {
    "iconengines": ("qsvgicon",),
    "imageformats": ("qico", "qjpeg", "qsvg"),
    "multimedia": ("ffmpegmediaplugin", "darwinmediaplugin", "windowsmediaplugin"),
    "platforminputcontexts": ("*",),
    "platforms": ("qcocoa", "qoffscreen", "qwayland*", "qwindows", "qxcb"),
    "platformthemes": ("*",),
    "styles": ("*",),
    "wayland-decoration-client": ("*",),
    "wayland-graphics-integration-client": ("*",),
    "wayland-shell-integration": ("xdg-shell",),
    "xcbglintegrations": ("*",),
}
"""Qt's plugins that stay, by folder, without "lib" and ending."""

_NO_PLUGIN = ("qtvirtualkeyboardplugin",)  # brings Qt Quick
_QT_LIBRARY = re.compile(r"(?:lib)?Qt6(\w+?)(?:\.so.*|\.dll|)$")
QT_LIBRARIES = (
    "Concurrent",
    "Core",
    "DBus",
    "Gui",
    "Multimedia",
    "Network",
    "OpenGL",
    "OpenGLWidgets",
    "Qml",
    "QmlMeta",
    "QmlModels",
    "QmlWorkerScript",
    "Quick",
    "Svg",
    "Test",
    "WaylandClient",
    "WaylandEglClientHwIntegration",
    "Widgets",
    "WlShellIntegration",
    "XcbQpa",
)
"""Of Qt's libraries those that the above are linked to; the plug-in that plays films wants Qt Quick's."""

_SUBSTITUTES = "FFmpegStub-*"  # under Qt's FFmpeg: they load the system's encryption and video acceleration if present

FILES = (
    # the tests, headers and static libraries of torch; its programs but the one that shares memory
    "torch/bin/[!t]*",
    "torch/bin/test_*",
    "torch/include/*",
    "torch/lib/lib*_test.so",
    "torch/lib/libaoti_custom_ops.so",
    "torch/lib/libbackend_with_compiler.so",
    "torch/share/*",
    "torch/test/*",
    # torchaudio's compiled part, which needs CUDA's libraries and is worked around (engine/audio/resample.py)
    "torchaudio/lib/*",
    # the program ffmpeg
    "imageio_ffmpeg/binaries/*",
    # scipy's and numpy's tests and headers
    "numpy/*/tests/*",
    "scipy/*/tests/*",
    "*.a",
    "*.h",
    "*.hpp",
    "*.lib",
    "*.pyi",
)
"""Files that are not collected, by their place in the bundle."""

CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")

SYSTEM_LIBRARIES = (
    # what Python's own modules need
    "libbz2.so*",
    "libcrypto.so*",
    "libexpat.so*",
    "libffi.so*",
    "liblzma.so*",
    "libpython3*",
    "libsqlite3.so*",
    "libssl.so*",
    "libuuid.so*",
    "libz.so*",
    # what Qt's window on X11 needs beyond a plain desktop
    "libxcb-cursor.so*",
    "libxcb-icccm.so*",
    "libxcb-image.so*",
    "libxcb-keysyms.so*",
    "libxcb-render-util.so*",
    "libxcb-util.so*",
    "libxkbcommon-x11.so*",
    "libxkbcommon.so*",
)
"""Libraries of the Linux that it is built on which go along. All others are the user's: they fit his drivers."""

BUDGET_MB = {
    "PyTorch": 400,
    "Qt": 150,
    "OpenCV": 165,
    "FFmpeg (PyAV)": 90,
    "face models": 135,
    "SciPy": 80,
    "NumPy": 50,
    "other libraries": 45,
    "Python": 50,
    "AVSep": 12,
}
"""The most that a part may weigh, in MB (10^6 bytes)."""

_PARTS = (
    ("PyTorch", ("torch/*", "torchaudio/*", "libtorch*", "libc10*", "libgomp*")),
    (
        "Qt",
        (
            "PySide6/*",
            "shiboken6/*",
            "libQt6*",
            "libpyside6*",
            "libshiboken6*",
            "libicu*",
            "qt.conf",
            "libxcb*",
            "libxkb*",
        ),
    ),
    ("OpenCV", ("cv2/*", "opencv_python*")),
    ("FFmpeg (PyAV)", ("av/*", "av.libs/*")),
    ("face models", ("face_recognition_models/*",)),
    ("SciPy", ("scipy/*", "scipy.libs/*")),
    ("NumPy", ("numpy/*", "numpy.libs/*")),
    ("AVSep", ("resources/*", "engine/*", "avsep-*", "licences/*", "*.cdx.json")),
    (
        "Python",
        ("libpython*", "lib-dynload/*", "python3*", "base_library.zip", "libcrypto*", "libssl*", "lib/*", "*.pyz"),
    ),
)


def component(place: str) -> str:
    """Which row of `BUDGET_MB` a file of the bundle counts for; `place` is relative to the bundle's inner folder."""
    return next((name for name, patterns in _PARTS if any(fnmatch(place, one) for one in patterns)), "other libraries")


def stays(place: str) -> bool:
    """Whether a file that was found for the bundle goes into it.

    Args:
        place: where it would lie in the bundle, with forward slashes.
    """
    if any(fnmatch(place, pattern) for pattern in FILES):
        return False
    name = place.rpartition("/")[2]
    if "/plugins/" in place and place.startswith("PySide6/"):
        folder = place.rpartition("/plugins/")[2].partition("/")[0]
        stem = name.removeprefix("lib").partition(".")[0]
        return stem not in _NO_PLUGIN and any(fnmatch(stem, wanted) for wanted in QT_PLUGINS.get(folder, ()))
    if place.startswith("PySide6/"):
        if "/translations/" in place or "/qml/" in place or "/resources/" in place or "/libexec/" in place:
            return "/translations/" in place and name in ("qtbase_de.qm", "qtbase_en.qm")
        if name.startswith("Qt") and ".abi3." in name:
            return name.partition(".")[0] in QT_MODULES
    if match := _QT_LIBRARY.fullmatch(name):
        return match[1] in QT_LIBRARIES
    if name.startswith("libQt6"):
        return fnmatch(name, f"libQt6{_SUBSTITUTES}")
    if place.startswith("cv2/data/"):
        return name in CASCADES
    return "/" in place or not place.startswith("lib") or _is_wanted_library(place)


def _is_wanted_library(name: str) -> bool:
    """Whether a library at the bundle's root, where those of the system land, is one of the wanted."""
    return any(fnmatch(name, pattern) for pattern in SYSTEM_LIBRARIES)


def resources(root: Path) -> list[Path]:
    """The files of `resources` that go along: no pictures of the window, no sources of the translations."""
    return [
        file
        for file in sorted((root / "resources").rglob("*"))
        if file.is_file() and file.suffix != ".ts" and file.parent.name != "screenshots"
    ]


def qt_modules_left_out() -> list[str]:
    """Qt for Python's modules that are there in the environment and not used."""
    import PySide6

    there = {file.name.partition(".")[0] for file in Path(PySide6.__file__).parent.glob("Qt*.abi3.so")}
    there |= {file.stem for file in Path(PySide6.__file__).parent.glob("Qt*.pyd")}
    return [f"PySide6.{name}" for name in sorted(there.difference(QT_MODULES))]

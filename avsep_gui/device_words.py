"""Where work runs and why, in the window's words and language; the engine tells both in English."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from engine.types import DeviceInfo

_CORES = re.compile(r"(\d+) cores?")
_CUDA = re.compile(r"CUDA device (\d+)")


def device_name(info: DeviceInfo) -> str:
    """A short name: "CPU", or the graphics card's."""
    return QCoreApplication.translate("Device", "CPU") if info.device == "cpu" else info.name


def device_why(info: DeviceInfo) -> str:
    """Why it is this one ("2 cores, no CUDA graphics card"), without what its name says already."""
    parts = re.split(r", |: ", info.why)
    return ", ".join(_in_words(part) for part in parts if part not in ("CPU", info.name))


def running_on(info: DeviceInfo) -> str:
    """ "Running on: CPU (2 cores, no CUDA graphics card)"."""
    text = QCoreApplication.translate("Device", "Running on: {0}").format(device_name(info))
    why = device_why(info)
    return f"{text} ({why})" if why else text


def _in_words(part: str) -> str:
    translate = QCoreApplication.translate
    if match := _CORES.fullmatch(part):
        return translate("Device", "1 core") if match[1] == "1" else translate("Device", "{0} cores").format(match[1])
    if match := _CUDA.fullmatch(part):
        return translate("Device", "GPU {0}").format(match[1])
    known = {
        "no CUDA device": translate("Device", "no CUDA graphics card"),
        "this PyTorch is built without CUDA": translate("Device", "installed without GPU support"),
        "as asked for": translate("Device", "as you chose"),
    }
    return known.get(part, part)

"""What is always to be seen: whether the network is used, where work runs and why; on every page and at any width."""

from __future__ import annotations

import pytest
from conftest import WAIT_MS
from PySide6.QtWidgets import QApplication

from avsep_gui.device_words import device_why, running_on
from engine.types import DeviceInfo


@pytest.fixture
def seen(qtbot):
    """Waits until both chips are on screen, whole and not over each other, and says what they tell."""

    def look(window):
        qtbot.waitUntil(lambda: check(window) is None, timeout=WAIT_MS)
        return window.header.network.text(), window.header.device.text()

    return look


def check(window):
    header = window.header
    boxes = []
    for chip in (header.network, header.device):
        assert chip.isVisible() and not chip.visibleRegion().isEmpty()
        box = chip.geometry()
        assert header.rect().contains(box)
        assert box.width() >= chip.sizeHint().width()
        boxes.append(box)
    assert not boxes[0].intersects(boxes[1])


@pytest.fixture
def known(qtbot, window):
    qtbot.waitUntil(lambda: "Running on" in window.header.device.text(), timeout=WAIT_MS)
    return window


@pytest.mark.parametrize("width", [960, 1280, 1920])
@pytest.mark.parametrize("text_scale", [1.0, 1.4])
def test_both_are_told_on_every_page(qtbot, known, seen, opened, video, width, text_scale):
    window = known
    window._look.set_text(text_scale)
    window.resize(width, 700)
    pages = [window.pages.currentWidget()]
    assert seen(window)[0] == "No network used"
    window.open_file(video("broken.mp4"))
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.error_view, timeout=WAIT_MS)
    pages.append(window.pages.currentWidget())
    assert seen(window)[0] == "No network used"
    opened("a name that is long enough to be cut where the chips need the room, and longer still.mp4")
    pages.append(window.pages.currentWidget())
    network, device = seen(window)
    assert network == "No network used"
    assert device.startswith("Running on: CPU")
    assert window.header.device.accessibleName() == "Running on: CPU (no CUDA graphics card)"
    assert len(set(map(id, pages))) == 3


def test_the_reason_is_written_where_there_is_room(known, seen):
    known.resize(1280, 700)
    QApplication.processEvents()
    assert seen(known)[1] == "Running on: CPU (no CUDA graphics card)"


def test_the_network_is_told_while_it_is_used_and_after_in_full_screen_too(qtbot, known, seen):
    shelf, header = known.shelf, known.header
    shelf.set_network("guest-fast", True)
    assert seen(known)[0] == "Using the network: adding guest-fast"
    known.showFullScreen()
    qtbot.waitUntil(known.isFullScreen, timeout=WAIT_MS)
    qtbot.waitUntil(header.isVisible, timeout=WAIT_MS)
    shelf.set_network("guest-fast", False)
    assert not header.isVisible()
    known.showNormal()
    qtbot.waitUntil(header.isVisible, timeout=WAIT_MS)
    assert seen(known)[0] == "Network used: adding guest-fast"


@pytest.mark.parametrize(
    ("device", "name", "why", "wanted"),
    [
        ("cpu", "Xeon", "CPU: 1 core, no CUDA device", "no CUDA graphics card"),
        ("cpu", "Xeon", "CPU, as asked for", "as you chose"),
        ("cpu", "Xeon", "CPU: 2 cores, this PyTorch is built without CUDA", "installed without GPU support"),
        ("cuda:0", "H200, 141 GB", "CUDA device 0: H200", "GPU 0, H200"),
        ("cuda:1", "H200", "CUDA device 1: H200, as asked for", "GPU 1, as you chose"),
        ("cpu", "Xeon", "something new", "something new"),
        ("cpu", "Xeon", "", ""),
    ],
)
def test_reasons_in_words(qapp, device, name, why, wanted):
    info = DeviceInfo(device, name, why)
    assert device_why(info).endswith(wanted)
    assert running_on(info).endswith(f"({device_why(info)})" if why else "CPU")


@pytest.mark.parametrize("width", [960, 1280])
def test_the_time_is_never_cut_in_a_narrow_window(qtbot, known, opened, width):
    """Without a sound device too, which takes a word of its own; with more room all of it is there."""
    opened()
    bar = known.workspace.transport
    bar.show_no_device("There is none.")
    known.resize(width, 600)
    parts = (bar._time, bar._total, bar._no_device)
    qtbot.waitUntil(
        lambda: all(part.width() >= part.sizeHint().width() for part in parts if part.isVisible()), timeout=WAIT_MS
    )
    assert bar._time.isVisible()
    assert bar._total.isVisible() == (width == 1280)

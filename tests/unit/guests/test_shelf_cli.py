"""Guests through the command line: asked for before the network is used, listed, used for a film, removed."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.guests import shelf
from engine.guests.catalogue import GuestSpec
from engine.guests.record import folder_of
from tests.helpers.faces import LOOKS, ClipPerson, write_clip
from tests.unit.guests.conftest import GAIN, NAME, WEIGHTS, weights_of
from tests.unit.guests.test_download import Server
from tests.unit.test_cli import Run

Capture = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """Somebody who types this."""

    def isatty(self) -> bool:
        return True


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)


def told(run: Run) -> dict[str, Any]:
    """The row of the guest in an answer."""
    return next(row for row in run.json["models"] if row["name"] == NAME)


def test_without_a_terminal_it_needs_a_yes(guest: GuestSpec, host: Server, capsys: Capture) -> None:
    plain = Run(capsys, "models", "add", NAME)
    assert (plain.code, plain.out) == (2, "")
    for word in ("A tiny guest", "CC0-1.0", "MIT", "about 3 MB", "about 1 MB, from 127.0.0.1", "--yes"):
        assert word in plain.err
    machine = Run(capsys, "models", "add", NAME, "--json")
    assert (machine.code, machine.json["error"]["code"]) == (2, "usage")
    assert host.requests == []


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_is_heard(
    guest: GuestSpec, host: Server, capsys: Capture, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    answering(monkeypatch, answer)
    run = Run(capsys, "models", "add", NAME)
    assert run.code == 130
    assert "Go on? [y/N]" in run.err
    assert host.requests == []


def test_under_json_nobody_is_asked(
    guest: GuestSpec, host: Server, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, "y\n")
    assert Run(capsys, "models", "add", NAME, "--json").code == 2
    assert host.requests == []


def test_a_yes_adds_it(guest: GuestSpec, host: Server, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "y\n")
    run = Run(capsys, "models", "add", NAME)
    assert run.code == 0
    assert "127.0.0.1" in run.err and guest.weights[0].sha256 in run.out
    assert len(host.requests) == 1
    again = Run(capsys, "models", "add", NAME, "--json")  # there is nothing to ask
    assert (again.code, told(again)["installed"]) == (0, True)


def test_offline_is_honoured(guest: GuestSpec, host: Server, capsys: Capture, tmp_path: Path) -> None:
    run = Run(capsys, "models", "add", NAME, "--offline", "--json")
    assert (run.code, run.json["error"]["code"]) == (1, "model")
    file = tmp_path / "gain.json"
    file.write_bytes(WEIGHTS)
    added = Run(capsys, "models", "add", NAME, "--offline", "--json", "--from", file, "--wheels", tmp_path)
    assert (added.code, told(added)["installed"]) == (0, True)
    assert host.requests == []


def test_the_shelf_shows_it(guest: GuestSpec, capsys: Capture) -> None:
    before = told(Run(capsys, "models", "list", "--json"))
    assert (before["installed"], before["sha256"], before["size_bytes"]) == (False, "", 0)
    assert (before["licence"], before["code_licence"], before["trained_on"]) == ("CC0-1.0", "MIT", "nothing")
    assert Run(capsys, "models", "verify").code == 0  # it was never added
    assert NAME not in [row["name"] for row in Run(capsys, "doctor", "--json").json["models"]]
    Run(capsys, "models", "add", NAME, "--yes")
    after = told(Run(capsys, "models", "list", "--json"))
    assert (after["installed"], after["sha256"]) == (True, guest.weights[0].sha256)
    assert after["size_bytes"] == shelf.installed(NAME).size_bytes > len(WEIGHTS)  # type: ignore[union-attr]
    info = Run(capsys, "models", "info", NAME).out
    assert "Size on disk     1 MB" in info and "not measured by us" in info
    assert told(Run(capsys, "models", "verify", "--json"))["verified"] is True
    (folder_of(NAME) / "weights" / "gain.json").write_bytes(weights_of(0.7))
    checked = Run(capsys, "models", "verify", "--json")
    assert checked.code == 1
    assert "has changed since it was installed" in told(checked)["problem"]


def test_removing_asks(guest: GuestSpec, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(capsys, "models", "add", NAME, "--yes")
    assert Run(capsys, "models", "remove", NAME).code == 2
    answering(monkeypatch, "no\n")
    assert Run(capsys, "models", "remove", NAME).code == 130
    assert shelf.installed(NAME) is not None
    run = Run(capsys, "models", "remove", NAME, "--yes", "--json")
    assert (run.code, told(run)["installed"]) == (0, False)
    assert not folder_of(NAME).exists()
    assert Run(capsys, "models", "remove", NAME).code == 1


@pytest.mark.parametrize("action", ["add", "remove"])
def test_what_comes_with_us_stays(guest: GuestSpec, capsys: Capture, action: str) -> None:
    run = Run(capsys, "models", action, "tiny", "--yes", "--json")
    assert (run.code, run.json["error"]["message"]) == (2, "The model tiny comes with AVSep.")
    assert Run(capsys, "models", action, "nonsense", "--yes").code == 2


def test_a_film_through_a_guest(guest: GuestSpec, capsys: Capture, tmp_path: Path) -> None:
    rate, seconds = 48_000, 3.0
    noise = (np.random.default_rng(1).standard_normal((round(rate * seconds), 1)) * 0.1).astype(np.float32)
    clip = tmp_path / "clip.mp4"
    write_clip(clip, [ClipPerson(LOOKS[0], (320, 150), width_px=140)], noise, duration_s=seconds)
    asked = ("separate", clip, "--person", "1", "--model", NAME, "-o", tmp_path / "out", "--json")
    refused = Run(capsys, *asked)
    assert (refused.code, refused.json["error"]["remedy"]) == (1, f"Run “avsep models add {NAME}”.")
    Run(capsys, "models", "add", NAME, "--yes")
    run = Run(capsys, *asked)
    assert (run.code, run.json["model"], run.json["device"]) == (0, NAME, "cpu")
    assert run.json["null_test_db"] <= -120 and run.json["offset_samples"] == 0
    paths = {output["kind"]: tmp_path / "out" / output["path"] for output in run.json["outputs"]}
    voice, rest = (soundfile.read(paths[kind], dtype="float64", always_2d=True)[0] for kind in ("voice", "rest"))
    inner = slice(rate // 2, -rate // 2)
    assert np.abs(voice[inner] - GAIN * (voice + rest)[inner]).max() < 1e-3
    report = json.loads(paths["report"].read_text())
    assert report["model_card"]["sha256"] == guest.weights[0].sha256

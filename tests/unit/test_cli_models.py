"""The model shelf on the command line: networks of the user's own, and the default."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import api, imported, registry
from engine.cli import machine
from engine.contract import Declaration
from engine.types import ModelInfo
from tests.unit.test_cli import Run
from tests.unit.test_importing import flip_last, make

Capture = pytest.CaptureFixture[str]
KEYS = {"imported": False, "stands_for": None, "hindrance": None}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("AVSEP_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def own(tmp_path: Path) -> str:
    return str(make(tmp_path / "run 7" / "best.safetensors", licence="CC0-1.0\x1b[31m"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(run: Run, name: str) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in run.json["models"] if row["name"] == name)
    return row


def test_a_network_is_imported_listed_verified_and_removed(own: str, capsys: Capture, data: Path) -> None:
    run = Run(capsys, "models", "import", own, "--json")
    assert (run.code, run.err, [row["name"] for row in run.json["models"]]) == (0, "", ["run-7"])
    row = told(Run(capsys, "models", "list", "--json"), "run-7")
    assert (row["imported"], row["installed"], row["guest"], row["hindrance"]) == (True, True, False, None)
    assert told(Run(capsys, "models", "list", "--json"), "tiny").items() >= KEYS.items()
    info = Run(capsys, "models", "info", "run-7").out
    assert (
        "yes, imported" in info
        and "CC0-1.0\\x1b[31m" in info
        and "\x1b" not in info + Run(capsys, "models", "list").out
    )
    assert told(Run(capsys, "models", "verify", "--json"), "run-7")["verified"] is True
    flip_last(imported.weights_of("run-7"))
    checked = Run(capsys, "models", "verify", "--json")
    assert checked.code == 1 and "has changed since it was imported" in told(checked, "run-7")["problem"]
    assert told(checked, "default")["verified"] is True
    gone = Run(capsys, "models", "remove", "run-7", "--yes", "--json")
    assert (gone.code, told(gone, "run-7")["installed"]) == (0, False)
    assert list(data.iterdir()) == []
    assert Run(capsys, "models", "remove", "run-7", "--yes").code == 2
    assert Run(capsys, "models", "info", "run-7").code == 2


def test_progress_and_a_name(own: str, capsys: Capture) -> None:
    run = Run(capsys, "models", "import", own, "--name", "mine", "--progress", "json")
    assert run.code == 0 and "mine" in run.out
    assert [json.loads(line)["stage"] for line in run.err.splitlines()][-1] == "Trying mine"


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("import",), 2, "usage"),
        (("import", "nowhere.safetensors"), 3, "input_unreadable"),
        (("import", "."), 3, "input_unreadable"),
        (("import", "OWN", "--name", "../x"), 2, "usage"),
        (("import", "OWN", "--name", "compact"), 2, "usage"),
        (("default", "nonsense"), 2, "usage"),
        (("default", "OWN"), 2, "usage"),
        (("default", "av-mossformer2"), 1, "model"),
        (("default", "tiny", "compact"), 2, "usage"),
        (("add", "mine", "--yes"), 2, "usage"),
        (("remove", "default", "--yes"), 2, "usage"),
        (("remove", "compact", "--yes"), 2, "usage"),
    ],
)
def test_what_is_not_possible_is_told(
    own: str, capsys: Capture, arguments: tuple[str, ...], code: int, name: str
) -> None:
    Run(capsys, "models", "import", own, "--name", "mine")
    run = Run(capsys, "models", *(own if word == "OWN" else word for word in arguments), "--json")
    assert (run.code, run.json["error"]["code"]) == (code, name)
    assert run.json["error"]["message"] and run.json["error"]["remedy"]


def test_adding_what_was_imported_says_so(own: str, capsys: Capture) -> None:
    Run(capsys, "models", "import", own, "--name", "mine")
    assert "The model mine was imported." in Run(capsys, "models", "add", "mine").err


def test_removing_asks(own: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(capsys, "models", "import", own, "--name", "mine")
    plain = Run(capsys, "models", "remove", "mine")
    assert plain.code == 2 and f"in “{imported.folder_of('mine')}”" in plain.err and "--yes" in plain.err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert Run(capsys, "models", "remove", "mine").code == 130
    assert "mine" in registry.model_names()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert Run(capsys, "models", "remove", "mine").code == 0
    assert "mine" not in registry.model_names()


def test_the_default_is_shown_and_chosen(own: str, capsys: Capture, data: Path) -> None:
    Run(capsys, "models", "import", own, "--name", "mine")
    run = Run(capsys, "models", "default", "--json")
    assert (run.code, run.json["default"], run.json["models"][0]["stands_for"]) == (0, "compact", "compact")
    assert Run(capsys, "models", "default").out == "The best model that ships (compact).\n"
    chosen = Run(capsys, "models", "default", "mine", "--json")
    assert (chosen.json["default"], told(chosen, "default")["sha256"]) == ("mine", registry.fingerprint("mine"))
    assert Run(capsys, "models", "default").out == "The model that you chose (mine).\n"
    assert "The model that you chose (mine)" in Run(capsys, "models", "list").out
    assert "Stands for       mine" in Run(capsys, "models", "info", "default").out
    flip_last(imported.weights_of("mine"))
    assert Run(capsys, "models", "default", "--json").json["default"] == "compact"
    assert "since the model that you chose (mine) is not installed" in Run(capsys, "models", "list").out
    Run(capsys, "models", "default", "default")
    assert Run(capsys, "models", "default").out == "The best model that ships (compact).\n"


def test_removing_the_default_makes_it_ours(own: str, capsys: Capture) -> None:
    Run(capsys, "models", "import", own, "--name", "mine")
    Run(capsys, "models", "default", "mine")
    Run(capsys, "models", "remove", "mine", "--yes")
    assert Run(capsys, "models", "default").out == "The best model that ships (compact).\n"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"pace": 13.94, "pace_measured": True},
            "about 14 s for a second of one voice on this computer (measured here)",
        ),
        ({"pace": 0.0351}, "about 0.035 s for a second of one voice on this computer (estimated)"),
        ({"pace": 130.2}, "about 130 s for a second"),
        ({}, "0.5 x real time, one CPU core"),
        ({"hindrance": "No Python.\nInstall it."}, "Hindrance        No Python.\\nInstall it."),
    ],
)
def test_info_tells_pace_and_hindrance(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], says: str
) -> None:
    row = ModelInfo("x", "X", Declaration(real_time_factor=0.5), "", False, guest=True, **more)
    monkeypatch.setattr(api, "list_models", lambda: (row,))
    assert says in Run(capsys, "models", "info", "x").out
    (told_row,) = Run(capsys, "models", "info", "x", "--json").json["models"]
    assert told_row["pace"] == more.get("pace") and told_row["pace_measured"] is more.get("pace_measured", False)
    assert told_row["hindrance"] == more.get("hindrance")


def test_the_doctor_tests_our_own_model(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.isolation import supply

    asked: list[str] = []

    def self_test(model: str) -> supply.SelfTest:
        asked.append(model)
        return supply.SelfTest(passed=True, real_time_factor=0.1)

    monkeypatch.setattr(supply, "self_test", self_test)
    api.set_default_model("tiny")
    assert machine._self_test()["passed"] is True
    assert asked == ["compact"]


def test_an_imported_network_separates_a_film(own: str, capsys: Capture, tmp_path: Path) -> None:
    from tests.helpers.faces import LOOKS, ClipPerson, write_clip

    noise = (np.random.default_rng(1).standard_normal((72_000, 1)) * 0.1).astype(np.float32)
    clip = tmp_path / "clip.mp4"
    write_clip(clip, [ClipPerson(LOOKS[0], (320, 150), width_px=140)], noise, duration_s=1.5)
    Run(capsys, "models", "import", own, "--name", "mine")
    run = Run(capsys, "separate", str(clip), "--person", "1", "--model", "mine", "-o", str(tmp_path / "a"), "--json")
    assert (run.code, run.json["model"]) == (0, "mine")
    assert json.loads((tmp_path / "a" / "report.json").read_text())["model_card"]["name"] == "mine"
    Run(capsys, "models", "default", "mine")
    run = Run(capsys, "separate", str(clip), "--person", "1", "-o", str(tmp_path / "v.wav"), "--json")
    assert (run.code, run.json["model"]) == (0, "mine")

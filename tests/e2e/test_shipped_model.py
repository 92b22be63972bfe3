"""What the shelf promises of the model that ships."""

from __future__ import annotations

import json

import pytest

from engine.checkpoint import count_parameters, read_card
from engine.cli import main
from engine.registry import build, calibration, list_models, model_spec, verify

MOST_BYTES = 10_000_000


def test_the_weights_are_there_whole_and_small() -> None:
    path = model_spec("default").path
    assert path is not None
    assert path.stat().st_size < MOST_BYTES
    verify("default")


def test_the_card_says_what_must_be_known() -> None:
    path = model_spec("default").path
    assert path is not None
    card = read_card(path)
    for key in ("licence", "trained_on", "recipe", "limits", "training", "validation", "config"):
        assert card.get(key), key
    assert card["parameters"] == count_parameters(build("default"))
    slope, _ = calibration("default")
    assert slope > 0, "more agreement must mean more confidence"
    assert not card["training"]["pack"], "no paths of the machine it was trained on"


@pytest.mark.parametrize("name", ["default", "compact"])
def test_the_shelf_lists_it_as_installed(name: str) -> None:
    row = next(row for row in list_models() if row.name == name)
    assert row.installed
    assert row.declaration.licence == "Apache-2.0"
    assert row.declaration.parameters > 1_000_000


def test_doctor_runs_the_model_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["self_test"]["passed"]
    assert 0 < told["self_test"]["real_time_factor"] < 100
    assert main(["doctor"]) == 0
    assert "passed" in capsys.readouterr().out

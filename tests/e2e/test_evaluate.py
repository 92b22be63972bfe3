"""Scoring on a list: from files with drawn faces to the numbers of the contract."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.data.recipe import Recipe, write_recipes
from engine.data.scene import make_scene
from engine.errors import InputError
from engine.evaluate import run
from tests.helpers.faces import LOOKS, ClipPerson, envelope, write_clip

SECONDS = 3.4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of one drawn person each, who speaks noise in bursts."""
    root = tmp_path_factory.mktemp("clips")
    for number in (0, 1):
        rng = np.random.default_rng(number)
        bursts = np.repeat(rng.random(17), round(SECONDS * 48_000 / 17))[:, None]
        sound = (rng.standard_normal((len(bursts), 1)) * bursts * 0.2).astype(np.float32)
        person = ClipPerson(LOOKS[number], (160, 110), 130, opening=envelope(sound[:, 0], 48_000, Fraction(25), 85))
        write_clip(root / f"{number}.mp4", [person], sound, duration_s=SECONDS, size=(320, 240))
    rows = [
        Recipe("m0", "drawn", "test", "0.mp4", 0.04, "1.mp4", 0.2, 2.88, 3.0),
        Recipe("m1", "drawn", "test", "1.mp4", 0.0, "0.mp4", 0.4, 2.88, -2.0),
    ]
    write_recipes(root / "list.csv", rows)
    return root


def test_a_recipe_becomes_sound_and_lips(folder: Path) -> None:
    row = Recipe("m0", "drawn", "test", "0.mp4", 0.04, "1.mp4", 0.2, 2.88, 3.0)
    scene = make_scene(row, folder, 10)
    voices, lips, seen = scene.voices, scene.lips, scene.seen
    assert voices.shape == (2, 46_080)
    np.testing.assert_allclose(scene.mixture, voices.sum(0))
    assert 20 * np.log10(voices[0].std() / voices[1].std()) == pytest.approx(3.0, abs=1e-3)
    assert lips.shape == (2, 92, 240) and np.abs(lips).max() > 0
    assert seen[0, :9].sum() == 0 and seen[0, 9:83].all()  # the clip begins one frame before the mixture


def test_scores_are_complete_and_add_up(folder: Path) -> None:
    pytest.importorskip("mir_eval")
    scores = run(folder / "list.csv", model="tiny", root=folder)
    assert scores["n"] == 4 and len(scores["per_mixture"]) == 4
    assert set(scores["metrics"]) >= {"si_sdr", "si_sdri", "sdr", "sdri", "sir", "sar"}
    for name, value in scores["metrics"].items():
        low, high = scores["ci95"][name]
        assert low <= value <= high
        assert value == pytest.approx(np.mean([s[name] for s in scores["per_mixture"]]))
    assert scores["by_corpus"]["drawn"]["metrics"] == scores["metrics"]
    # An untrained network separates nothing: it must not look as if it did.
    assert scores["metrics"]["si_sdri"] < 1.0


def test_the_command_prints_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mir_eval")
    arguments = ["evaluate", "--model", "tiny", "--mixtures", str(folder / "list.csv"), "--root", str(folder), "--json"]
    assert main([*arguments, "--progress", "none"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4


def test_a_clip_that_is_missing_or_too_short_is_named(folder: Path) -> None:
    gone = Recipe("m9", "drawn", "test", "9.mp4", 0.0, "1.mp4", 0.0, 2.88, 0.0)
    with pytest.raises(InputError, match=r"9\.mp4"):
        make_scene(gone, folder, 10)
    short = Recipe("m8", "drawn", "test", "0.mp4", 2.0, "1.mp4", 0.0, 2.88, 0.0)
    with pytest.raises(InputError, match="ends before"):
        make_scene(short, folder, 10)

"""Scoring on a list: from files with drawn faces to the numbers of the contract."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine import metrics
from engine.cli import main
from engine.contract import WindowMasks
from engine.data.recipe import Recipe, read_recipes, write_recipes
from engine.data.scene import make_scene
from engine.errors import InputError, ModelError, OutputExistsError, UsageError
from engine.evaluate import run, score
from engine.separator import Separator
from tests.conformance.example_model import LipGate
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
        if value is None:  # PESQ where its package, which needs a compiler, is missing
            assert name.startswith("pesq") and scores["nulls"][name] == 4
            continue
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


def test_scores_are_grouped_by_what_varies_and_written_as_a_table(folder: Path, tmp_path: Path) -> None:
    plain = Recipe(
        "m0", "drawn", "test", "0.mp4", 0.04, "1.mp4", 0.2, 2.88, 5.0, target_gender="f", interferer_gender="m"
    )
    late = [replace(plain, id=f"late{d}", delay_frames=d) for d in (-5, 5)]
    write_recipes(tmp_path / "list.csv", [plain, *late, replace(plain, id="gone", drop_share=1.0)])
    answer = run(tmp_path / "list.csv", model="tiny", root=folder, table=tmp_path / "rows.csv")
    assert set(answer["by"]) == {"corpus", "sir_bin_db", "delay_frames", "drop_share"}
    assert list(answer["by"]["delay_frames"]) == ["-5", "0", "5"]
    assert list(answer["by"]["sir_bin_db"]) == ["-5", "5"]
    rows = answer["per_mixture"]
    for name, part in answer["by"]["delay_frames"].items():
        mine = [s for s in rows if s["delay_frames"] == int(name)]
        assert part["n"] == len(mine)
        assert part["metrics"]["si_sdri"] == pytest.approx(np.mean([s["si_sdri"] for s in mine]))
    for s in rows:
        assert s["genders"] == "different"
        if s["drop_share"] == 1:
            assert s["lag_frames"] is None and s["lag_error_frames"] is None
        else:
            assert s["lag_error_frames"] == abs(s["lag_frames"] - s["delay_frames"])
    assert answer["nulls"]["lag_error_frames"] == 2
    json.dumps(answer, allow_nan=False)

    with (tmp_path / "rows.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [(r["id"], r["talker"], float(r["si_sdri"])) for r in read] == [
        (s["id"], s["talker"], pytest.approx(s["si_sdri"])) for s in rows
    ]
    with pytest.raises(OutputExistsError, match=r"rows\.csv"):
        run(tmp_path / "list.csv", model="tiny", root=folder, table=tmp_path / "rows.csv")


def test_a_talker_whom_nobody_sees_is_not_scored(folder: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    soundfile.write(tmp_path / "off.wav", 0.2 * rng.standard_normal(3 * 16_000), 16_000)
    for number in (0, 1):
        (tmp_path / f"{number}.mp4").symlink_to(folder / f"{number}.mp4")
    two = Recipe("two", "drawn", "test", "0.mp4", 0.0, "off.wav", 0.0, 2.88, 3.0)
    three = replace(two, id="three", interferer2="1.mp4", sir2_db=0.0, noise="off.wav", snr_db=10.0)
    write_recipes(tmp_path / "list.csv", [two, three])
    answer = run(tmp_path / "list.csv", model="tiny", root=tmp_path)
    assert [(s["id"], s["talker"]) for s in answer["per_mixture"]] == [
        ("two", "0.mp4"),
        ("three", "0.mp4"),
        ("three", "1.mp4"),
    ]
    alone, first, _ = answer["per_mixture"]
    assert alone["both_right"] is alone["similarity"] is alone["swapped_si_sdri"] is None
    assert alone["si_sdri"] == pytest.approx(alone["si_sdri_alone"])
    assert alone["sir_db"] == 3.0 and first["talkers"] == 3
    assert first["sir_db"] == pytest.approx(-10 * np.log10(10**-0.3 + 1), abs=1e-3)
    assert set(answer["by"]["talkers"]) == {"2", "3"} and set(answer["by"]["snr_db"]) == {"10", "none"}


def test_a_missing_package_leaves_gaps_and_one_note(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = metrics.find_spec
    monkeypatch.setattr(metrics, "find_spec", lambda name: None if name == "pesq" else there(name))
    answer = run(folder / "list.csv", model="tiny", root=folder)
    assert answer["metrics"]["pesq_wb"] is answer["ci95"]["pesq_nb"] is None
    assert answer["nulls"] == {"pesq_wb": 4, "pesq_nb": 4}
    (note,) = answer["warnings"]
    assert note.startswith("pesq_wb, pesq_nb: not computed") and "avsep[eval]" in note


def test_a_model_that_gives_no_numbers_is_stopped(folder: Path) -> None:
    separator = Separator.load("tiny", "cpu")
    separator.model = deepcopy(separator.model)  # the loaded one serves the next job too
    with torch.no_grad():
        for weight in separator.model.parameters():
            weight.fill_(torch.nan)
    with pytest.raises(ModelError, match="not numbers for m0"):
        score(separator, read_recipes(folder / "list.csv"), folder)


def test_a_model_that_asks_for_pictures_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="pictures of mouths"):
        score(LipGate(), read_recipes(folder / "list.csv"), folder)


def test_a_model_that_swaps_the_faces_is_found_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read_recipes(folder / "list.csv")[:1]
    voices = make_scene(rows[0], folder, 10).voices
    separator = Separator.load("tiny", "cpu")
    for order, wrong in ((slice(None), False), (slice(None, None, -1), True)):
        monkeypatch.setattr("engine.evaluate.masked", lambda mixture, mask, grid, order=order: voices[order])
        for s in score(separator, rows, folder):
            assert s["wrong"] is s["wrong_alone"] is wrong and s["both_right"] is not wrong
            assert (s["si_sdri"] > 40) is not wrong and (s["swapped_si_sdri"] > 40) is wrong
            assert s["similarity"] < -5


def test_a_model_is_told_who_the_faces_are_and_may_find_no_delay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    separator = Separator.load("tiny", "cpu")
    masks = separator.masks
    given = []

    def without_match(*arguments: Any) -> WindowMasks:
        given.append(arguments[4])
        out = masks(*arguments)
        return replace(out, match=np.zeros_like(out.match))

    monkeypatch.setattr(separator, "masks", without_match)
    scores = score(separator, read_recipes(folder / "list.csv")[:1], folder)
    assert [s["lag_frames"] for s in scores] == [s["lag_error_frames"] for s in scores] == [None, None]
    together, first, second = given
    assert together.shape == (2, 128) and np.abs(together).max() > 0
    np.testing.assert_array_equal(together, np.concatenate([first, second]))


def test_a_clip_that_is_missing_or_too_short_is_named(folder: Path) -> None:
    gone = Recipe("m9", "drawn", "test", "9.mp4", 0.0, "1.mp4", 0.0, 2.88, 0.0)
    with pytest.raises(InputError, match=r"m9: .*9\.mp4"):
        make_scene(gone, folder, 10)
    short = Recipe("m8", "drawn", "test", "0.mp4", 2.0, "1.mp4", 0.0, 2.88, 0.0)
    with pytest.raises(InputError, match="ends before"):
        make_scene(short, folder, 10)


def test_files_that_cannot_be_scored_are_named(folder: Path, tmp_path: Path) -> None:
    row = Recipe("m7", "drawn", "test", "x.mp4", 0.0, "1.mp4", 0.0, 2.88, 0.0)
    (tmp_path / "1.mp4").symlink_to(folder / "1.mp4")
    (tmp_path / "x.mp4").write_text("not a video")
    with pytest.raises(InputError, match=r"m7: .*x\.mp4"):
        make_scene(row, tmp_path, 10)
    bursts = np.random.default_rng(0).standard_normal((144_000, 1)).astype(np.float32) * 0.1
    write_clip(tmp_path / "x.mp4", [], bursts, duration_s=3.0, size=(320, 240))
    with pytest.raises(InputError, match=r"m7: x\.mp4 cannot be used: A face was found in 0 of"):
        make_scene(row, tmp_path, 10)
    write_clip(tmp_path / "x.mp4", [ClipPerson(LOOKS[0], (160, 110), 130)], bursts * 0, duration_s=3.0, size=(320, 240))
    with pytest.raises(InputError, match=r"m7: x\.mp4 cannot be used: It is silent"):
        make_scene(row, tmp_path, 10)

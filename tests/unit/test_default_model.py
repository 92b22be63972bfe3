"""What "default" stands for: ours, or the user's choice while that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import api, chosen, imported, registry
from engine.errors import ModelError, OutputError, UsageError
from engine.types import ModelInfo
from tests.unit.test_importing import flip_last, make

OURS = "The best model that ships (compact)"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("AVSEP_DATA_DIR", str(folder))
    return folder


def default() -> ModelInfo:
    row = api.list_models()[0]
    assert api.model_info("default") == row
    assert (row.name, row.guest, row.imported, row.installed) == ("default", False, False, True)
    return row


def test_it_is_ours_until_the_user_chooses(data: Path) -> None:
    assert (default().stands_for, default().title) == ("compact", OURS)
    assert registry.model_spec("default").name == "compact"
    assert [row.stands_for for row in api.list_models()[1:]] == [""] * (len(api.list_models()) - 1)
    assert [api.model_info(row.name) for row in api.list_models()] == list(api.list_models())
    assert not data.exists()  # looking leaves nothing


@pytest.mark.parametrize("back", ["compact", "default"])
def test_a_choice_holds_and_can_be_taken_back(data: Path, back: str) -> None:
    api.set_default_model("tiny")
    assert [path.name for path in data.iterdir()] == ["default.json"]
    assert (default().stands_for, default().title) == ("tiny", "The model that you chose (tiny)")
    assert registry.model_spec("default").name == "tiny"
    assert registry.fingerprint("default") == registry.fingerprint("tiny")
    assert registry.declaration("default") == registry.declaration("tiny") == default().declaration
    api.set_default_model(back)
    assert (default().stands_for, list(data.iterdir())) == ("compact", [])
    api.set_default_model(back)


def test_an_imported_model_can_be_chosen_and_takes_the_choice_with_it(tmp_path: Path) -> None:
    api.import_model(make(tmp_path / "net.safetensors"), name="mine")
    api.set_default_model("mine")
    row = next(row for row in api.list_models() if row.name == "mine")
    assert (default().stands_for, default().sha256, default().size_bytes) == ("mine", row.sha256, row.size_bytes)
    assert registry.model_spec("default") == registry.model_spec("mine")
    api.remove_model("mine")
    assert (default().stands_for, default().title) == ("compact", OURS)
    assert chosen.chosen_model() is None


def test_removing_another_model_leaves_the_choice(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        api.import_model(make(tmp_path / "net.safetensors"), name=name)
    api.set_default_model("mine")
    api.remove_model("other")
    assert default().stands_for == "mine"


def test_where_the_choice_is_gone_or_damaged_ours_stands_in_and_that_is_said(tmp_path: Path) -> None:
    api.import_model(make(tmp_path / "net.safetensors"), name="mine")
    api.set_default_model("mine")
    flip_last(imported.weights_of("mine"))
    said = f"{OURS}, since the model that you chose (mine) is not installed"
    assert (default().stands_for, default().title) == ("compact", said)
    assert registry.model_spec("default").name == "compact"
    flip_last(imported.weights_of("mine"))
    assert default().stands_for == "mine"
    imported.remove_imported("mine")  # not through the shelf
    assert (default().stands_for, default().title) == ("compact", said)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"model": 7}', b'{"model": ""}', b'{"name": "tiny"}', b"\xff", b"[" * 10**5, b" " * 10**6],
)
def test_a_damaged_choice_is_ours(data: Path, damage: bytes) -> None:
    api.set_default_model("tiny")
    (data / "default.json").write_bytes(damage)
    assert (default().stands_for, default().title) == ("compact", OURS)
    assert registry.model_spec("default").name == "compact"
    api.set_default_model("tiny")
    assert default().stands_for == "tiny"


def test_an_unreadable_choice_is_ours(data: Path) -> None:
    (data / "default.json").mkdir(parents=True)
    assert registry.model_spec("default").name == "compact"


@pytest.mark.parametrize("name", ["default", "../x", "x.safetensors", "a\nb"])
def test_a_choice_written_by_others_leads_nowhere(data: Path, name: str) -> None:
    chosen.choose_model("tiny")  # makes the folder
    chosen.choose_model(name)
    assert registry.model_spec("default").name == "compact"
    assert default().stands_for == "compact"


def test_what_is_not_installed_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"av-mossformer2 is not installed.*Run “avsep models add av-mossformer2” first"
    ):
        api.set_default_model("av-mossformer2")
    api.import_model(make(tmp_path / "net.safetensors"), name="mine")
    flip_last(imported.weights_of("mine"))
    with pytest.raises(ModelError, match=r"mine is not installed.*“avsep models verify mine” says why"):
        api.set_default_model("mine")
    for name in ("nonsense", str(tmp_path / "net.safetensors"), ""):
        with pytest.raises(UsageError, match="There is no model called"):
            api.set_default_model(name)
    assert default().stands_for == "compact"


def test_a_choice_that_cannot_be_kept_is_told(data: Path) -> None:
    data.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="could not be written"):
        api.set_default_model("tiny")
    with pytest.raises(OutputError, match="could not be written"):
        api.set_default_model("default")

"""What the export dialog asks for, as one value; presets are such values under a name. No widgets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from PySide6.QtCore import QCoreApplication

from avsep_gui.export_plan import SOUND_ENDINGS, VIDEO_ENDINGS
from engine.types import CloseUpShape

SHAPES: tuple[CloseUpShape, ...] = ("16:9", "1:1", "9:16")
LOUDNESS = (None, -14.0, -16.0, -23.0)
ENDINGS = {"voice": SOUND_ENDINGS, "video": VIDEO_ENDINGS, "folder": SOUND_ENDINGS, "close_up": VIDEO_ENDINGS}
MOST_PRESETS = 50
LONGEST_NAME = 60


@dataclass(frozen=True)
class ExportChoice:
    """The fields of the dialog that do not depend on the film.

    Attributes:
        kind: id of an `ExportKind`.
        ending: of the file, or of the sound files in a folder.
        picture: whether a folder's timeline shows the film.
        close_up: shape of the close-up; for a folder None where there is to be none.
        name_shown: whether the close-up has the person's name in it.
    """

    kind: str = "voice"
    ending: str = ".wav"
    loudness_lufs: float | None = None
    everyone: bool = False
    picture: bool = True
    close_up: CloseUpShape | None = None
    name_shown: bool = False

    def settled(self) -> ExportChoice:
        """The same choice, with the fields that its kind does not have at their defaults."""
        is_folder, films = self.kind == "folder", self.kind in ("folder", "close_up")
        shape = self.close_up if films else None
        if self.kind == "close_up" and shape is None:
            shape = SHAPES[0]
        return replace(
            self,
            everyone=self.everyone and is_folder,
            picture=self.picture or not is_folder,
            close_up=shape,
            name_shown=self.name_shown and shape is not None,
        )


@dataclass(frozen=True)
class Preset:
    """A choice under a name. `own`: whether the user made it."""

    name: str
    choice: ExportChoice
    own: bool = False


def built_in() -> tuple[Preset, ...]:
    """The presets that come with AVSep."""

    def text(words: str) -> str:
        return QCoreApplication.translate("ExportPresets", words)

    return (
        Preset(text("Voice: WAV, exact"), ExportChoice()),
        Preset(text("Editor: WAV and timeline"), ExportChoice("folder")),
        Preset(text("Podcast: voice at −16 LUFS"), ExportChoice("voice", ".m4a", -16.0)),
        Preset(text("Video with labelled tracks"), ExportChoice("video", ".mp4")),
        Preset(text("Share: upright close-up, 9:16"), ExportChoice("close_up", ".mp4", -14.0, close_up="9:16")),
    )


def all_presets(own: Iterable[Preset]) -> tuple[Preset, ...]:
    """Those that come with AVSep, then the user's by name."""
    return (*built_in(), *sorted(own, key=lambda preset: preset.name.casefold()))


def find(presets: Iterable[Preset], choice: ExportChoice) -> Preset | None:
    """The preset that asks for exactly this; the user's own before others."""
    same = [preset for preset in presets if preset.choice.settled() == choice.settled()]
    return next((preset for preset in same if preset.own), same[0] if same else None)


def with_preset(own: Iterable[Preset], name: str, choice: ExportChoice) -> tuple[Preset, ...]:
    """The user's presets with one more, which takes the place of one of the same name."""
    name = " ".join(name.split())[:LONGEST_NAME]
    kept = [preset for preset in own if preset.name.casefold() != name.casefold()]
    return (*kept, Preset(name, choice.settled(), own=True))[-MOST_PRESETS:]


def presets_to_text(own: Iterable[Preset]) -> str:
    """The user's presets for the settings."""
    return json.dumps([{"name": preset.name} | asdict(preset.choice) for preset in own])


def presets_from_text(text: str) -> tuple[Preset, ...]:
    """The user's presets from the settings; what is not a preset is left out."""
    found: dict[str, Preset] = {}
    for entry in _parsed(text, list):
        choice = _choice(entry) if isinstance(entry, dict) else None
        name = entry.get("name") if isinstance(entry, dict) else None
        if choice is not None and isinstance(name, str) and name.strip():
            found[name.casefold()] = Preset(name[:LONGEST_NAME], choice, own=True)
    return tuple(found.values())[:MOST_PRESETS]


def choice_to_text(choice: ExportChoice) -> str:
    """A choice for the settings."""
    return json.dumps(asdict(choice))


def choice_from_text(text: str) -> ExportChoice:
    """A choice from the settings; the default where there is none."""
    return _choice(_parsed(text, dict)) or ExportChoice()


def _parsed(text: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return kind()
    return value if isinstance(value, kind) else kind()


def _choice(entry: dict[str, Any]) -> ExportChoice | None:
    """A choice whose every field is one that the dialog can show."""
    if any(isinstance(value, list | dict) for value in entry.values()):
        return None
    made = ExportChoice(**{key: value for key, value in entry.items() if key in ExportChoice.__dataclass_fields__})
    flags = (made.everyone, made.picture, made.name_shown)
    sound = made.ending in ENDINGS.get(made.kind, ()) and made.loudness_lufs in LOUDNESS
    right = sound and made.close_up in (None, *SHAPES) and all(isinstance(flag, bool) for flag in flags)
    return made.settled() if right and entry else None

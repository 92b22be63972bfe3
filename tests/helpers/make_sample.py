"""Makes the sample clip in resources/sample: two drawn people in conversation, and their clean voices.

Run `python -m tests.helpers.make_sample` in the repository root; it needs the program `flite` and takes about a
minute. The same versions of flite, FFmpeg and Qt give the same files.

Files: two_talkers.mp4 (1280x720, 25 fps, 48 kHz stereo), voice_1.flac and voice_2.flac (left and right person as they
are in the mixture, sample for sample), sample.json (who sits where, who speaks when, how far each mouth is open).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.helpers.sample.articulation import act, envelope, mouth
from tests.helpers.sample.canvas import Canvas
from tests.helpers.sample.encode import write_video
from tests.helpers.sample.look import LOOKS, Expression, Look, Pose
from tests.helpers.sample.portrait import draw_person
from tests.helpers.sample.scene import SIZE, background, foreground
from tests.helpers.sample.voices import Speech, lay_out, place_in_room, room_tone, speak

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "sample"
DURATION_S = 16.0
FPS = 25
RATE_HZ = 48000
N_SAMPLES = round(DURATION_S * RATE_HZ)
N_FRAMES = round(DURATION_S * FPS)
UNIT_PX = 112.0
SEED = 20


@dataclass(frozen=True)
class Talker:
    """A person of the clip. `script` is (start in seconds, sentence); `pan` is -1 left to 1 right."""

    label: str
    voice: str
    stretch: float
    look: Look
    centre_px: tuple[float, float]
    pan: float
    script: tuple[tuple[float, str], ...]


TALKERS = (
    Talker(
        "Left", "slt", 1.0, LOOKS[0], (372.0, 300.0), -0.35,
        (
            (0.2, "Hello, and welcome back to our little studio by the window."),
            (4.5, "In my kitchen everybody speaks at once, and nobody can follow a word."),
            (9.6, "Maybe I should invite more people, simply to make it harder for you."),
        ),
    ),
    Talker(
        "Right", "rms", 0.9, LOOKS[1], (908.0, 296.0), 0.35,
        (
            (2.0, "Good morning, I brought a small machine that finds one voice among many."),
            (7.1, "Then pick a face, press play, and hear only that one person."),
            (11.6, "Please do, we both love a party, and so does the machine."),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """What one talker contributes: stereo voice (T, 2), and pose and expression of each frame."""

    talker: Talker
    lines: list[tuple[float, Speech]]
    voice: NDArray[np.float32]
    motion: list[tuple[Pose, Expression]]


def make_part(talker: Talker, number: int) -> Part:
    """Speak a talker's script and derive the face from it. `number` is 1 or 2."""
    lines = [(at, speak(text, talker.voice, stretch=talker.stretch)) for at, text in talker.script]
    mono = lay_out(lines, N_SAMPLES)
    opening, spread = mouth(lines, envelope(mono, RATE_HZ, FPS, N_FRAMES), FPS)
    voice = place_in_room(mono, talker.pan, sample_rate_hz=RATE_HZ, seed=SEED + number)
    stored = np.round(voice * 32767.0) / 32767.0  # what a 16-bit file holds
    motion = act(opening, spread, fps=FPS, seed=SEED + 10 * number, towards=-np.sign(talker.pan))
    return Part(talker, lines, stored.astype(np.float32), motion)


def draw_frames(parts: list[Part]) -> Iterator[NDArray[np.uint8]]:
    """Every picture of the clip, (720, 1280, 4) uint8, blue first."""
    room = background()
    mugs = (parts[0].talker.look.top, parts[1].talker.look.top)
    for k in range(N_FRAMES):
        pixels = room.copy()
        with Canvas(pixels) as canvas:
            for part in parts:
                pose, expression = part.motion[k]
                draw_person(canvas, part.talker.centre_px, UNIT_PX, part.talker.look, pose, expression)
            foreground(canvas, mugs)
        yield pixels


def describe(parts: list[Part]) -> dict[str, object]:
    """The content of sample.json."""
    return {
        "clip": "two_talkers.mp4",
        "duration_s": DURATION_S,
        "fps": FPS,
        "size_px": list(SIZE),
        "sample_rate_hz": RATE_HZ,
        "channels": 2,
        "mixture": "voice_1 + voice_2 + room tone at -68 dBFS",
        "origin": "drawn and spoken by tests/helpers/make_sample.py; voices: flite (CMU), no recordings",
        "people": [
            {
                "number": number,
                "label": part.talker.label,
                "voice_file": f"voice_{number}.flac",
                "voice_name": f"flite {part.talker.voice}",
                "pan": part.talker.pan,
                "av_offset_ms": 0,
                "eyes_px": list(part.talker.centre_px),
                "face_width_px": 2 * UNIT_PX,
                "spans": [
                    {
                        "start_s": round(at + speech.spoken_s[0], 3),
                        "end_s": round(at + speech.spoken_s[1], 3),
                        "text": text,
                    }
                    for (at, speech), (_, text) in zip(part.lines, part.talker.script, strict=True)
                ],
                "mouth_opening": [round(expression.opening, 3) for _, expression in part.motion],
            }
            for number, part in enumerate(parts, 1)
        ],
    }


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = [make_part(talker, number) for number, talker in enumerate(TALKERS, 1)]
    mixture = sum((p.voice for p in parts), room_tone(N_SAMPLES, sample_rate_hz=RATE_HZ, seed=SEED))
    peak = float(np.abs(mixture).max())
    if peak >= 0.9:
        raise RuntimeError(f"The mixture peaks at {peak:.2f}, too near to clipping. Lower the voices.")
    for number, part in enumerate(parts, 1):
        soundfile.write(FOLDER / f"voice_{number}.flac", part.voice, RATE_HZ, subtype="PCM_16")
    text = json.dumps(describe(parts), indent=1)
    (FOLDER / "sample.json").write_text(text + "\n", encoding="utf-8")
    clip = FOLDER / "two_talkers.mp4"
    write_video(clip, draw_frames(parts), mixture, size=SIZE, sample_rate_hz=RATE_HZ, crf=26, preset="slow")
    print(f"{clip.name}: {clip.stat().st_size / 1e6:.2f} MB, peak {peak:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

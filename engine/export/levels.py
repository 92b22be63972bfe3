"""One look at each voice before it is written: is it sound at all, how loud, and which gain brings it to a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.errors import ModelError
from engine.export.loudness import LoudnessMeter
from engine.export.mix import Mix

PEAK_LIMIT_DBTP = -1.0


@dataclass(frozen=True)
class VoiceLevel:
    """What was measured on a voice before its gain.

    Attributes:
        peak: largest sample magnitude.
        lufs: integrated loudness; None where not asked for, or where there is too little sound to measure.
        gain_db: what the file gets.
        note: a sentence for the user about the gain, or "".
    """

    peak: float
    lufs: float | None
    gain_db: float
    note: str

    @property
    def gain(self) -> float:
        """`gain_db` as a factor."""
        return float(10 ** (self.gain_db / 20))


def measure_voice(
    mix: Mix, which: int, *, name: str, target_lufs: float | None, on_block: Callable[[int], None]
) -> VoiceLevel:
    """Measure one voice of a mix and choose its gain.

    Args:
        mix: gains in it are not looked at.
        which: counts `mix.voices`.
        name: the person, for the sentences.
        target_lufs: wanted integrated loudness; None leaves the level alone.
        on_block: called with the number of samples done; may raise to stop.

    Raises:
        ModelError: the voice holds values that are not numbers.
    """
    source = mix.source
    meter = None if target_lufs is None else LoudnessMeter(source.sample_rate_hz, source.channels, source.layout)
    peak = 0.0
    for start, stop in mix.spans():
        block = mix.unscaled_voice(which, start, stop)
        if not np.isfinite(block).all():
            raise ModelError(
                f"The model gave values that are not numbers for {name} near {start / source.sample_rate_hz:.1f} s.",
                "Choose another model, or run on the CPU.",
            )
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        if meter is not None:
            meter.add(block)
        on_block(stop)
    if meter is None or target_lufs is None:
        return VoiceLevel(peak, None, 0.0, "")
    return _with_gain(peak, meter, name, target_lufs)


def _with_gain(peak: float, meter: LoudnessMeter, name: str, target_lufs: float) -> VoiceLevel:
    lufs = meter.integrated_lufs()
    if lufs is None:
        return VoiceLevel(peak, None, 0.0, f"The voice of {name} is too quiet or short to measure: its level was kept.")
    wanted_db = target_lufs - lufs
    true_peak = meter.true_peak()
    allowed_db = PEAK_LIMIT_DBTP - 20 * math.log10(true_peak) if true_peak > 0 else wanted_db
    gain_db = min(wanted_db, allowed_db)
    note = f"The voice of {name} was changed by {gain_db:+.1f} dB, from {lufs:.1f} to {lufs + gain_db:.1f} LUFS."
    if gain_db < wanted_db:
        note += f" {target_lufs:g} LUFS would push its peaks above {PEAK_LIMIT_DBTP:g} dBTP."
    return VoiceLevel(peak, lufs, gain_db, note)

"""What happens to clean clips on the way to a training mixture: rooms, noise, late, frozen and missing pictures.

Pure functions on arrays: nothing is changed in place, and all chance comes from the generator that is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
FloatingArray = NDArray[np.floating[Any]]
_DECAY = 3.0 * np.log(10.0)  # of an amplitude, over the time in which its energy falls by 60 dB
_FIRST_ECHO_S = 0.001, 0.01


def chance(rng: np.random.Generator, share: float) -> bool:
    """True in this share of the calls; a share of 0 draws nothing."""
    return share > 0 and bool(rng.random() < share)


def room_response(rng: np.random.Generator, rt60_s: float, direct_db: float, sample_rate_hz: int) -> FloatArray:
    """An impulse response with the direct sound at sample 0 and a tail of exponentially fading noise.

    Args:
        rt60_s: in which the tail's energy falls by 60 dB; the response ends there.
        direct_db: energy of the direct sound over that of the tail.

    Returns:
        (n,) float32, the direct sound 1.

    Source: Moorer, "About this reverberation business", Computer Music Journal 3(2), 1979. Differs: one impulse stands
    for the direct sound, and the tail begins at once after 1 to 10 ms, without single early echoes.
    """
    samples = max(2, round(rt60_s * sample_rate_hz))
    begin = min(samples - 1, max(1, round(rng.uniform(*_FIRST_ECHO_S) * sample_rate_hz)))
    tail = rng.standard_normal(samples - begin, np.float32)
    tail *= np.exp(np.arange(begin, samples, dtype=np.float32) * np.float32(-_DECAY / samples))
    response = np.zeros(samples, np.float32)
    response[0] = 1.0
    response[begin:] = tail * np.float32(10 ** (-direct_db / 20) / max(float(np.sqrt(np.vdot(tail, tail))), 1e-9))
    return response


def in_room(voice: FloatArray, response: FloatArray, early_samples: int) -> tuple[FloatArray, FloatArray]:
    """A voice as it sounds in a room, and that part of it that is to be kept.

    Both are scaled alike, so that the part kept is as loud as the voice was.

    Args:
        voice: (T,) float32; before it the room is silent.
        response: impulse response, the direct sound at sample 0.
        early_samples: of the response, that belong to the part kept.

    Returns:
        All of it and the part kept, (T,) each.
    """
    size = fft.next_fast_len(len(voice) + len(response) - 1, real=True)
    spectrum = fft.rfft(voice, size)
    wet, kept = (
        fft.irfft(spectrum * fft.rfft(part, size), size)[: len(voice)] for part in (response, response[:early_samples])
    )
    gain = np.float32(rms(voice) / max(rms(kept), 1e-9))
    return (wet * gain).astype(np.float32), (kept * gain).astype(np.float32)


def rms(sound: FloatArray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.vdot(sound, sound) / max(sound.size, 1)))


def at_snr(noise: FloatArray, voices: FloatArray, snr_db: float) -> FloatArray:
    """Noise, scaled so that the voices are `snr_db` above it; silent noise stays silent."""
    return noise * np.float32(rms(voices) / max(rms(noise), 1e-9) * 10 ** (-snr_db / 20))


def gain_to(sound: FloatArray, level_dbfs: float) -> np.float32:
    """Gain that brings a sound to this root mean square, in dB below 1."""
    return np.float32(10 ** (level_dbfs / 20) / max(rms(sound), 1e-9))


def hiss(rng: np.random.Generator, samples: int) -> NDArray[np.float64]:
    """White and brown noise together, (samples,) without a mean."""
    noise = rng.standard_normal(samples).cumsum() * 0.02 + rng.standard_normal(samples)
    return np.asarray(noise - noise.mean())


def looped(sound: NDArray[Any], start: int, samples: int) -> NDArray[Any]:
    """A stretch of a sound that begins anew where it ends."""
    return np.take(sound, np.arange(start, start + samples), mode="wrap")


def burst(rng: np.random.Generator, frames: int, lengths: tuple[int, int]) -> slice:
    """A stretch of some frames, of `lengths[0]` to `lengths[1]` of them."""
    length = min(int(rng.integers(lengths[0], lengths[1] + 1)), frames - 1)
    start = int(rng.integers(frames - length))
    return slice(start, start + length)


def jittered(rng: np.random.Generator, rows: FloatingArray, reach: float) -> FloatingArray:
    """Moments of pictures, each early or late by up to `reach`; their order stays."""
    # Sorted, each is still within `reach` of its own moment: n + 1 of them lie before rows[n] + reach.
    return np.sort(rows + rng.uniform(-reach, reach, len(rows)))


def frozen(rows: FloatingArray, where: slice) -> FloatingArray:
    """Moments of pictures of which some show again what the last one before them showed (at the start, the first)."""
    held = rows.copy()
    held[where] = rows[max(where.start - 1, 0)]
    return held


def turns(rng: np.random.Generator, frames: int, overlap_frames: float) -> FloatArray:
    """Who of two talks when: one until somewhere in the middle half, then the other.

    Returns:
        (2, frames) float32, 1 where that one talks; chance decides who begins.
    """
    change, at = rng.uniform(0.25, 0.75) * frames, np.arange(frames)
    first = at < change + overlap_frames / 2
    second = at >= change - overlap_frames / 2
    order = [first, second] if rng.random() < 0.5 else [second, first]
    return np.asarray(order, np.float32)


def resting(lips: FloatArray, talks: FloatArray, motion: float) -> FloatArray:
    """Lips that rest where their owner does not talk, with a soft change over a fifth of a second.

    Args:
        lips: (M, 3 P), positions, velocity, acceleration. talks: (M,), 1 or 0.
        motion: how much of what the lips do is left at rest, 0..1.

    Returns:
        (M, 3 P); at rest the mouth keeps the position in which it moves least.
    """
    still = at_rest(lips, stillest(lips, np.ones(len(lips), np.float32)), motion)
    soft = np.convolve(np.pad(talks, 2, mode="edge"), np.ones(5) / 5, "valid")[:, None].astype(np.float32)
    return np.asarray(soft * lips + (1 - soft) * still, np.float32)


def stillest(lips: FloatArray, seen: FloatArray) -> int:
    """The frame in which lips move least among those that are seen; lips (M, 3 P) as `resting`, seen (M,) 1 or 0."""
    points = lips.shape[1] // 3
    return int(np.where(seen > 0, np.abs(lips[:, points : 2 * points]).sum(1), np.inf).argmin())


def at_rest(lips: FloatArray, frame: int, motion: float) -> FloatArray:
    """Lips that keep the position of one frame all the time, and a share of what they do; (M, 3 P) as `resting`."""
    still = lips[frame].copy()
    still[lips.shape[1] // 3 :] = 0.0
    return np.asarray(still + np.float32(motion) * lips, np.float32)


def held(mouths: ByteArray, seen: FloatArray, rests: NDArray[np.bool_], frame: int) -> ByteArray:
    """Pictures of a mouth that keeps still where its owner does not talk.

    Args:
        mouths: (M, H, W). seen: (M,), 1 or 0. rests: (M,).
        frame: whose picture stays; where it is not seen, that of the nearest frame that is.

    Returns:
        (M, H, W); what is not seen is left as it is.
    """
    shown = np.flatnonzero(seen)
    if not len(shown):
        return mouths
    still = mouths[shown[np.abs(shown - frame).argmin()]]
    return np.where((rests & (seen > 0))[:, None, None], still, mouths)


def cropped(rng: np.random.Generator, mouths: ByteArray, size_px: int) -> ByteArray:
    """A square window out of pictures, (M, H, W) -> (M, size_px, size_px), at one random place in all of them."""
    top, left = (int(rng.integers(side - size_px + 1)) for side in mouths.shape[1:])
    return mouths[:, top : top + size_px, left : left + size_px]


def recoloured(face: ByteArray, brightness: float, colour: float) -> ByteArray:
    """A picture, (H, W, 3), `brightness` times as bright; `colour` 0 makes it grey, 1 leaves its colours."""
    grey = face.mean(2, keepdims=True, dtype=np.float32)
    return np.asarray((brightness * (grey + colour * (face - grey))).round().clip(0, 255), np.uint8)


def with_motion(shape: FloatArray, seen: FloatArray) -> FloatArray:
    """Positions with their velocity and acceleration, as `engine.vision.lips` makes them.

    Args:
        shape: (M, P). seen: (M,), 1 or 0; stretches are taken for themselves, those under 2 frames have no motion.

    Returns:
        (M, 3 P) float32, zero where unseen.
    """
    points = shape.shape[1]
    features = np.zeros((len(shape), 3 * points), np.float32)
    edges = np.flatnonzero(np.diff(np.concatenate([[0.0], seen > 0, [0.0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        features[start:end, :points] = shape[start:end]
        if end - start > 1:
            velocity = np.gradient(shape[start:end], axis=0)
            features[start:end, points : 2 * points] = velocity
            features[start:end, 2 * points :] = np.gradient(velocity, axis=0)
    return features

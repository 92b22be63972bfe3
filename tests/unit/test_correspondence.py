"""The CMC objective against slow plain versions, its masks, and where its gradients go."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.losses.correspondence import (
    CmcWeights,
    Embedded,
    cmc_terms,
    cosine_distance,
    frame_correspondence,
    mask_like,
    mean_where,
    other_talker,
    ramp,
    talker_triplet,
    triplet,
)

ROWS, CHANNELS, FRAMES = 6, 5, 13


def _frames(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (ROWS, CHANNELS, FRAMES)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _plain_correspondence(
    audio: np.ndarray, video: np.ndarray, heard: np.ndarray, seen: np.ndarray, rows: np.ndarray, t: float, guard: int
) -> float:
    values = []
    for i in range(len(audio)):
        j = i + 1 if i % 2 == 0 else i - 1
        for m in range(audio.shape[2]):
            if not (heard[i, m] and seen[i, m] and rows[i]):
                continue
            for anchors, offers, usable in ((audio, video, seen), (video, audio, heard)):
                right = math.exp(_cosine(anchors[i, :, m], offers[i, :, m]) / t)
                total = right
                for k in range(audio.shape[2]):
                    if abs(k - m) > guard and usable[i, k]:
                        total += math.exp(_cosine(anchors[i, :, m], offers[i, :, k]) / t)
                    if usable[j, k]:
                        total += math.exp(_cosine(anchors[i, :, m], offers[j, :, k]) / t)
                values.append(-math.log(right / total))
    return float(np.mean(values))


def test_frame_correspondence_against_a_plain_version() -> None:
    audio, video = _frames(0)
    everything = np.ones((ROWS, FRAMES), bool)
    plain = _plain_correspondence(audio.numpy(), video.numpy(), everything, everything, everything[:, 0], 0.07, 2)
    assert frame_correspondence(audio, video).item() == pytest.approx(plain, rel=1e-4)


def test_frame_correspondence_with_masks_against_a_plain_version() -> None:
    audio, video = _frames(1)
    rng = np.random.default_rng(2)
    heard, seen = rng.random((ROWS, FRAMES)) < 0.7, rng.random((ROWS, FRAMES)) < 0.6
    rows = np.asarray([True, False, True, True, False, True])
    seen[3] = False
    plain = _plain_correspondence(audio.numpy(), video.numpy(), heard, seen, rows, 0.2, 1)
    masks = {"heard": torch.from_numpy(heard), "seen": torch.from_numpy(seen).float(), "rows": torch.from_numpy(rows)}
    loss = frame_correspondence(audio, video, **masks, temperature=0.2, guard_frames=1)
    assert loss.item() == pytest.approx(plain, rel=1e-4)


def test_a_perfect_match_costs_nothing_a_swapped_one_much() -> None:
    vectors = torch.linalg.qr(torch.randn(40, 40, generator=torch.Generator().manual_seed(3)))[0]
    video = vectors.view(2, 20, 40).transpose(1, 2)  # every frame of both talkers points elsewhere: (2, 40, 20)
    assert frame_correspondence(video, video).item() < 1e-3
    assert frame_correspondence(other_talker(video), video).item() > 10
    late = torch.roll(video, 4, -1)
    assert frame_correspondence(late, video).item() > 10


def test_frames_within_the_guard_are_no_alternatives() -> None:
    audio, video = _frames(4)
    audio, video = audio[:2, :, :3], video[:2, :, :3]
    seen = torch.ones(2, 3)
    seen[1] = 0
    heard = torch.ones(2, 3)
    heard[1] = 0
    assert frame_correspondence(audio, video, heard=heard, seen=seen, guard_frames=2).item() == 0.0
    assert frame_correspondence(audio, video, heard=heard, seen=seen, guard_frames=1).item() > 0.0


def test_what_is_masked_has_no_say() -> None:
    audio, video = _frames(5)
    seen, heard = torch.ones(ROWS, FRAMES), torch.ones(ROWS)
    seen[2, 4:7] = 0
    seen[1], heard[4] = 0, 0
    before = frame_correspondence(audio, video, heard=heard, seen=seen)
    changed_audio, changed_video = audio.clone(), video.clone()
    changed_video[2, :, 4:7] = 7 * torch.randn(CHANNELS, 3)
    changed_video[1] = torch.randn(CHANNELS, FRAMES)
    changed_audio[4] = torch.randn(CHANNELS, FRAMES)
    torch.testing.assert_close(frame_correspondence(changed_audio, changed_video, heard=heard, seen=seen), before)
    assert frame_correspondence(changed_audio, changed_video).item() != pytest.approx(before.item(), rel=1e-3)


def _plain_triplets(voice: np.ndarray, face: np.ndarray, speaks: np.ndarray, filmed: np.ndarray) -> float:
    by_voice, by_face = [], []
    for i in range(len(voice)):
        j = i ^ 1
        if speaks[i] and filmed[i] and filmed[j]:
            by_voice.append(max(0.0, _cosine(voice[i], face[j]) - _cosine(voice[i], face[i]) + 0.5))
        if speaks[i] and filmed[i] and speaks[j]:
            by_face.append(max(0.0, _cosine(face[i], voice[j]) - _cosine(face[i], voice[i]) + 0.5))
    return 0.5 * float(np.mean(by_voice) + np.mean(by_face))


def test_talker_triplet_against_a_plain_version() -> None:
    voice, face = (x[..., 0] for x in _frames(6))
    everybody = np.ones(ROWS, bool)
    plain = _plain_triplets(voice.numpy(), face.numpy(), everybody, everybody)
    assert talker_triplet(voice, face).item() == pytest.approx(plain, rel=1e-5)
    speaks = np.asarray([True, False, True, True, True, True])
    filmed = np.asarray([True, True, True, True, False, True])
    plain = _plain_triplets(voice.numpy(), face.numpy(), speaks, filmed)
    loss = talker_triplet(voice, face, speaks=torch.from_numpy(speaks), filmed=torch.from_numpy(filmed))
    assert loss.item() == pytest.approx(plain, rel=1e-5)


def test_talker_triplet_known_cases() -> None:
    face = torch.eye(4)
    assert talker_triplet(face, face).item() == 0.0
    assert talker_triplet(other_talker(face), face).item() == pytest.approx(1.5)
    opposed = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert talker_triplet(other_talker(opposed), opposed).item() == pytest.approx(2.5)


def test_triplet_is_flat_beyond_its_margin() -> None:
    anchor = torch.tensor([[1.0, 0.0], [1.0, 0.0]], requires_grad=True)
    positive, negative = torch.tensor([[1.0, 0.1], [0.6, 0.8]]), torch.tensor([[0.0, 1.0], [0.8, 0.6]])
    values = triplet(anchor, positive, negative, 0.5)
    assert values[0].item() == 0.0
    assert values[1].item() == pytest.approx(0.8 - 0.6 + 0.5)
    values.sum().backward()
    assert anchor.grad is not None
    assert anchor.grad[0].abs().sum() == 0
    assert anchor.grad[1].abs().sum() > 0


def test_terms_are_weighted_and_switched_one_by_one() -> None:
    audio, video = _frames(7)
    voice, face = audio[..., 0], video[..., 0]
    full = Embedded(audio, video, voice, face)
    terms = cmc_terms(full, CmcWeights(phonetic=0.3, talker=2.0))
    assert set(terms) == {"cmc_phonetic", "cmc_talker"}
    assert terms["cmc_phonetic"].item() == pytest.approx(0.3 * frame_correspondence(audio, video).item())
    assert terms["cmc_talker"].item() == pytest.approx(2.0 * talker_triplet(voice, face).item())
    assert set(cmc_terms(Embedded(audio=audio, video=video), CmcWeights(talker=0.0))) == {"cmc_phonetic"}
    assert cmc_terms(Embedded(), CmcWeights(phonetic=0.0, talker=0.0)) == {}
    with pytest.raises(ValueError, match="phonetic term is on"):
        cmc_terms(Embedded(voice=voice, face=face), CmcWeights())
    with pytest.raises(ValueError, match="identity term is on"):
        cmc_terms(Embedded(audio=audio, video=video), CmcWeights())


def test_masks_of_the_batch_reach_both_terms() -> None:
    audio, video = _frames(8)
    voice, face = audio[..., 0], video[..., 0]
    heard = torch.ones(ROWS, FRAMES)
    heard[1], heard[2, 5:] = 0, 0
    speaks, rows = (
        torch.tensor([True, False, True, True, True, True]),
        torch.tensor([True, True, True, True, False, True]),
    )
    embedded = Embedded(audio, video, voice, face, heard=heard, rows=rows)
    terms = cmc_terms(embedded, CmcWeights(1.0, 1.0))
    assert terms["cmc_phonetic"] == frame_correspondence(audio, video, heard=heard, rows=rows)
    assert terms["cmc_talker"] == talker_triplet(voice, face, speaks=speaks, rows=rows)


def test_gradients_reach_voices_with_a_say_and_stay_finite() -> None:
    audio, video = _frames(9)
    audio[0, :, 3] = 0.0  # a vector without direction
    audio.requires_grad_()
    heard = torch.ones(ROWS)
    heard[2] = 0
    seen = torch.ones(ROWS, FRAMES)
    seen[2:4] = 0
    frame_correspondence(audio, video, heard=heard, seen=seen).backward()
    assert audio.grad is not None
    assert torch.isfinite(audio.grad).all()
    assert (audio.grad[[0, 1, 4, 5]].abs().sum((1, 2)) > 0).all()
    assert audio.grad[2].abs().sum() == 0


@pytest.mark.parametrize("rows", [ROWS, 0])
def test_an_empty_selection_gives_zero_with_finite_gradients(rows: int) -> None:
    audio, video = (x[:rows].requires_grad_() for x in _frames(10))
    nothing = torch.zeros(rows, dtype=torch.bool)
    loss = frame_correspondence(audio, video, heard=nothing) + frame_correspondence(audio, video, rows=nothing)
    loss = loss + frame_correspondence(audio, video, seen=torch.zeros(rows, FRAMES))
    for name in ("speaks", "filmed", "rows"):
        loss = loss + talker_triplet(audio[..., 0], video[..., 0], **{name: nothing})
    assert loss.item() == 0.0
    loss.backward()
    assert audio.grad is not None
    assert torch.equal(audio.grad, torch.zeros_like(audio))


def test_misfits_are_refused() -> None:
    audio, video = _frames(11)
    with pytest.raises(ValueError, match="shapes differ"):
        frame_correspondence(audio, video[..., 1:])
    with pytest.raises(ValueError, match="shapes differ"):
        talker_triplet(audio[:, :, 0], video[:, 1:, 0])
    with pytest.raises(ValueError, match="5 rows"):
        frame_correspondence(audio[:5], video[:5])


def test_helpers() -> None:
    assert other_talker(torch.arange(6)).tolist() == [1, 0, 3, 2, 5, 4]
    a, b = _frames(12)
    expected = [[1 - _cosine(a[r, :, m].numpy(), b[r, :, m].numpy()) for m in range(FRAMES)] for r in range(ROWS)]
    torch.testing.assert_close(cosine_distance(a, b), torch.tensor(expected))
    assert mask_like(torch.zeros(2, 3), torch.tensor([1.0, 0.0]), torch.tensor([[1, 0, 1]] * 2)).tolist() == [
        [True, False, True],
        [False, False, False],
    ]
    assert mean_where(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([True, False, True])).item() == 3.5
    assert [ramp(step, 200, 400) for step in (0, 200, 250, 400, 900)] == [0.0, 0.0, 0.25, 1.0, 1.0]


def test_a_frame_without_voice_cannot_be_learnt_from_but_its_lips_still_compete() -> None:
    audio, video = _frames(13)
    heard = torch.tensor([1.0, 0.0] * 3)
    loss = frame_correspondence(audio, video, heard=heard)
    video[1] = audio[0]  # the silent talker's lips now look exactly like the first voice
    assert frame_correspondence(audio, video, heard=heard).item() > loss.item()

"""VisualVoice's objectives against slow plain versions, known cases, masks and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.losses.correspondence import Embedded, other_talker
from engine.losses.visualvoice import (
    Masked,
    VisualVoiceWeights,
    clean_at_times,
    co_separation_loss,
    complex_mask_loss,
    cross_modal_loss,
    ideal_mask,
    mask_weight,
    visualvoice_terms,
)

ROWS, CHANNELS, BINS, FRAMES = 8, 5, 7, 11


def _spectra(seed: int) -> Masked:
    generator = torch.Generator().manual_seed(seed)
    mask, target, other = torch.randn(3, ROWS, BINS, FRAMES, dtype=torch.complex64, generator=generator)
    return Masked(mask, target, target + other)


def _vectors(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    voice, face = torch.randn(2, ROWS, CHANNELS, generator=generator)
    return voice, face


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _plain_mask_loss(masked: Masked, rows: list[int]) -> float:
    mask, target, mixture = (t.numpy() for t in (masked.mask, masked.target, masked.mixture))
    total = 0.0
    for r in rows:
        for f in range(BINS):
            for n in range(FRAMES):
                ideal = complex(target[r, f, n]) / complex(mixture[r, f, n])
                weight = min(max(math.log(1 + abs(complex(mixture[r, f, n]))), 1e-3), 10.0)
                real = float(mask[r, f, n].real) - min(max(ideal.real, -5.0), 5.0)
                imag = float(mask[r, f, n].imag) - min(max(ideal.imag, -5.0), 5.0)
                total += weight * (real**2 + imag**2) / 2
    return 4 * total / (BINS * FRAMES * len(rows))


def test_mask_loss_against_a_plain_version() -> None:
    masked = _spectra(0)
    masked.mixture[0, 0, 0] = 1e-3 * (1 + 1j)  # the ideal mask lies far beyond the limit here
    assert complex_mask_loss(masked).item() == pytest.approx(_plain_mask_loss(masked, list(range(ROWS))), rel=1e-4)
    rows = torch.zeros(ROWS)
    rows[[1, 6]] = 1
    assert complex_mask_loss(masked, rows=rows).item() == pytest.approx(_plain_mask_loss(masked, [1, 6]), rel=1e-4)


def test_ideal_mask_known_values() -> None:
    target = torch.tensor([[[2.0 + 0j, 1j, 10.0 - 60j, 1.0 + 0j, 0j]]])
    mixture = torch.tensor([[[1.0 + 0j, 1.0 + 0j, 1.0 + 0j, 0j, 3j]]])
    assert ideal_mask(target, mixture).tolist() == [[[2 + 0j, 1j, 5 - 5j, 0j, 0j]]]
    half_sum = torch.randn(1, 3, 4, dtype=torch.complex64)
    torch.testing.assert_close(ideal_mask(2 * half_sum, half_sum), torch.full((1, 3, 4), 2 + 0j))
    weight = mask_weight(torch.tensor([[[0j, math.e - 1 + 0j, 1e9j]]]))
    torch.testing.assert_close(weight, torch.tensor([[[1e-3, 1.0, 10.0]]]))


def test_the_ideal_mask_costs_nothing_and_the_other_voice_more() -> None:
    masked = _spectra(1)
    perfect = Masked(ideal_mask(masked.target, masked.mixture), masked.target, masked.mixture)
    assert complex_mask_loss(perfect).item() == 0.0
    wrong = Masked(ideal_mask(masked.mixture - masked.target, masked.mixture), masked.target, masked.mixture)
    assert complex_mask_loss(wrong).item() > 1.0


def test_mask_loss_is_finite_in_silence_and_reaches_only_the_mask() -> None:
    masked = _spectra(2)
    masked.mixture[:, :, 2:5] = 0
    masked.mask[:, 1:3] = 0
    for tensor in (masked.mask, masked.target, masked.mixture):
        tensor.requires_grad_()
    complex_mask_loss(Masked(masked.mask, masked.target.detach(), masked.mixture.detach())).backward()
    assert masked.mask.grad is not None
    assert torch.isfinite(torch.view_as_real(masked.mask.grad)).all()
    assert (masked.mask.grad.abs().sum((1, 2)) > 0).all()
    assert masked.target.grad is None


def test_cross_modal_loss_against_a_plain_version() -> None:
    voice, face = _vectors(3)
    v, f = voice.numpy(), face.numpy()
    values = [max(0.0, _cosine(v[i], f[i ^ 1]) - _cosine(v[i], f[i]) + 0.5) for i in range(ROWS)]
    assert cross_modal_loss(voice, face).item() == pytest.approx(4 * float(np.mean(values)), rel=1e-5)
    filmed, speaks = torch.ones(ROWS), torch.ones(ROWS)
    filmed[3], speaks[4] = 0, 0
    kept = [values[i] for i in (0, 1, 5, 6, 7)]  # row 2 has nobody to be told from
    loss = cross_modal_loss(voice, face, filmed=filmed, speaks=speaks)
    assert loss.item() == pytest.approx(4 * float(np.mean(kept)), rel=1e-5)


def test_four_rows_give_the_papers_sums() -> None:
    voice, face = (x[:4] for x in _vectors(4))
    v, f = voice.numpy(), face.numpy()

    def t(a: np.ndarray, p: np.ndarray, n: np.ndarray) -> float:
        return max(0.0, _cosine(a, n) - _cosine(a, p) + 0.5)

    a1, b1, a2, b2 = range(4)
    cross = t(v[a1], f[a1], f[b1]) + t(v[a2], f[a2], f[b2]) + t(v[b1], f[b1], f[a1]) + t(v[b2], f[b2], f[a2])
    assert cross_modal_loss(voice, face).item() == pytest.approx(cross, rel=1e-5)
    same = t(v[a1], v[a2], v[b1]) + t(v[a1], v[a2], v[b2])
    assert co_separation_loss(voice).item() == pytest.approx(same, rel=1e-5)


def test_co_separation_against_a_plain_version_with_masks() -> None:
    voice, _ = _vectors(5)
    v = voice.numpy()

    def t(a: int, p: int, n: int) -> float:
        return max(0.0, _cosine(v[a], v[n]) - _cosine(v[a], v[p]) + 0.5)

    everything = [t(0, 2, 1), t(0, 2, 3), t(4, 6, 5), t(4, 6, 7)]
    assert co_separation_loss(voice).item() == pytest.approx(2 * float(np.mean(everything)), rel=1e-5)
    speaks = torch.ones(ROWS)
    speaks[3] = 0
    assert co_separation_loss(voice, speaks=speaks).item() == pytest.approx(
        2 * float(np.mean([everything[0], *everything[2:]])), rel=1e-5
    )
    rows = torch.ones(ROWS)
    rows[2] = 0
    assert co_separation_loss(voice, rows=rows).item() == pytest.approx(2 * float(np.mean(everything[2:])), rel=1e-5)


def test_a_consistent_talker_costs_nothing_a_swapped_one_more() -> None:
    talkers = torch.eye(2)
    voice = talkers[[0, 1, 0, 1]]
    assert co_separation_loss(voice).item() == 0.0
    assert cross_modal_loss(voice, voice).item() == 0.0
    swapped = talkers[[0, 1, 1, 0]]  # the second mixture came out the wrong way round
    assert co_separation_loss(swapped).item() == pytest.approx(0.5 + 1.5)  # B1 is as far from A1 as A2 is, B2 is A1
    assert cross_modal_loss(other_talker(voice), voice).item() == pytest.approx(4 * 1.5)


@pytest.mark.parametrize("rows", [ROWS, 0])
def test_an_empty_selection_gives_zero_with_finite_gradients(rows: int) -> None:
    masked = _spectra(6)
    mask = masked.mask[:rows].requires_grad_()
    voice, face = (x[:rows].requires_grad_() for x in _vectors(7))
    nothing = torch.zeros(rows)
    loss = complex_mask_loss(Masked(mask, masked.target[:rows], masked.mixture[:rows]), rows=nothing)
    for name in ("speaks", "filmed", "rows"):
        loss = loss + cross_modal_loss(voice, face, **{name: nothing})
    for name in ("speaks", "rows"):
        loss = loss + co_separation_loss(voice, **{name: nothing})
    assert loss.item() == 0.0
    loss.backward()
    assert voice.grad is not None and mask.grad is not None
    assert torch.equal(voice.grad, torch.zeros_like(voice))
    assert torch.equal(mask.grad, torch.zeros_like(mask))


def test_terms_are_weighted_and_switched_one_by_one() -> None:
    masked = _spectra(8)
    voice, face = _vectors(9)
    speaks = torch.ones(ROWS, FRAMES)
    speaks[5] = 0
    embedded = Embedded(voice=voice, face=face, heard=speaks)
    terms = visualvoice_terms(embedded, VisualVoiceWeights(), masked)
    assert set(terms) == {"visualvoice_mask", "visualvoice_cross", "visualvoice_co_separation"}
    assert terms["visualvoice_mask"] == complex_mask_loss(masked)
    assert terms["visualvoice_cross"] == 0.01 * cross_modal_loss(voice, face, speaks=speaks[:, 0])
    assert terms["visualvoice_co_separation"] == 0.01 * co_separation_loss(voice, speaks=speaks[:, 0])
    only = visualvoice_terms(Embedded(voice=voice), VisualVoiceWeights(0.0, 0.0, 1.0), None)
    assert set(only) == {"visualvoice_co_separation"}
    assert visualvoice_terms(Embedded(), VisualVoiceWeights(0.0, 0.0, 0.0), None) == {}
    with pytest.raises(ValueError, match="no masks"):
        visualvoice_terms(embedded, VisualVoiceWeights(), None)
    with pytest.raises(ValueError, match="voice or the face"):
        visualvoice_terms(Embedded(voice=voice), VisualVoiceWeights(0.0, 1.0, 0.0), None)
    with pytest.raises(ValueError, match="voices were not embedded"):
        visualvoice_terms(Embedded(face=face), VisualVoiceWeights(0.0, 0.0, 1.0), None)


def test_misfits_are_refused() -> None:
    masked = _spectra(10)
    with pytest.raises(ValueError, match="shapes of mask"):
        complex_mask_loss(Masked(masked.mask, masked.target, masked.mixture[:4]))
    with pytest.raises(ValueError, match="6 rows"):
        co_separation_loss(_vectors(11)[0][:6])


def test_clean_spectra_come_at_times() -> None:
    torch.manual_seed(0)
    estimate, clean = torch.zeros(1), torch.ones(1)
    drawn = [clean_at_times(estimate, clean, 0.25).item() for _ in range(400)]
    assert 0.18 < float(np.mean(drawn)) < 0.32
    assert clean_at_times(estimate, clean, 0.0) is estimate
    assert clean_at_times(estimate, clean, 1.0) is clean

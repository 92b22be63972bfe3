"""The MMMC objectives: triplets and adversarial losses against plain versions, gradients, and a toy contest."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.losses.correlation import (
    MmmcWeights,
    discriminator_loss,
    discriminator_objective,
    generator_loss,
    generator_objective,
    gradient_penalty,
    identity_triplet,
    mmmc_terms,
    phonetic_triplet,
)
from engine.losses.correspondence import Embedded, other_talker, unit
from engine.models.embedders import PairDiscriminator, SequenceDiscriminator, held

ROWS, CHANNELS, FRAMES = 6, 5, 11


def _frames(seed: int, count: int = 2) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(count, ROWS, CHANNELS, FRAMES, generator=generator))


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return 1 - float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _softplus(x: float) -> float:
    return math.log(1 + math.exp(x))


def _judge(kind: str, *, paired: bool) -> PairDiscriminator | SequenceDiscriminator:
    torch.manual_seed(3)
    judge = PairDiscriminator if kind == "identity" else SequenceDiscriminator
    return judge(CHANNELS, 7, paired=paired).eval()  # eval: the spectral norm's estimate stands still


def _embeddings(kind: str, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    estimate, video, clean = _frames(seed, 3)
    return (estimate, video, clean) if kind == "phonetic" else (estimate[..., 0], video[..., 0], clean[..., 0])


def test_identity_triplet_against_a_plain_version() -> None:
    voice, face = (x[..., 0] for x in _frames(0))
    v, f = voice.numpy(), face.numpy()
    values = [max(0.0, _distance(v[i], f[i]) - _distance(v[i], f[i ^ 1]) + 0.5) for i in range(ROWS)]
    assert identity_triplet(voice, face).item() == pytest.approx(float(np.mean(values)), rel=1e-5)
    speaks, filmed, rows = torch.ones(3, ROWS)
    speaks[0], filmed[3], rows[4] = 0, 0, 0
    kept = [values[1], values[5]]
    loss = identity_triplet(voice, face, speaks=speaks, filmed=filmed, rows=rows)
    assert loss.item() == pytest.approx(float(np.mean(kept)), rel=1e-5)


def test_phonetic_triplet_against_a_plain_version() -> None:
    audio, video = _frames(1)
    a, v = audio.numpy(), video.numpy()
    rng = np.random.default_rng(2)
    heard, seen = rng.random((ROWS, FRAMES)) < 0.8, rng.random((ROWS, FRAMES)) < 0.7
    heard[4] = False

    def plain(heard: np.ndarray, seen: np.ndarray) -> float:
        values = []
        for i in range(ROWS):
            use = [m for m in range(FRAMES) if heard[i, m] and seen[i, m] and seen[i ^ 1, m]]
            if use:
                own = np.mean([_distance(a[i, :, m], v[i, :, m]) for m in use])
                other = np.mean([_distance(a[i, :, m], v[i ^ 1, :, m]) for m in use])
                values.append(max(0.0, float(own - other) + 0.3))
        return float(np.mean(values))

    everything = np.ones((ROWS, FRAMES), bool)
    assert phonetic_triplet(audio, video).item() == pytest.approx(plain(everything, everything), rel=1e-5)
    loss = phonetic_triplet(audio, video, heard=torch.from_numpy(heard), seen=torch.from_numpy(seen))
    assert loss.item() == pytest.approx(plain(heard, seen), rel=1e-5)


def test_triplets_known_cases() -> None:
    own = torch.eye(4)
    assert identity_triplet(own, own).item() == 0.0
    assert identity_triplet(other_talker(own), own).item() == pytest.approx(1.5)
    frames = own[..., None].expand(-1, -1, FRAMES)
    assert phonetic_triplet(frames, frames).item() == 0.0
    assert phonetic_triplet(other_talker(frames), frames).item() == pytest.approx(1.3)


def test_adversarial_losses_against_plain_versions() -> None:
    real, fake, wrong = (x[:, 0] for x in _frames(4, 3))  # logits (R, M)
    rng = np.random.default_rng(5)
    masks = [rng.random((ROWS, FRAMES)) < 0.6 for _ in range(3)]

    def mean(logits: Tensor, sign: float, mask: np.ndarray) -> float:
        return float(np.mean([_softplus(sign * x) for x in logits.numpy()[mask].astype(float)]))

    expected = mean(real, -1, masks[0]) + mean(fake, 1, masks[1]) + 0.5 * mean(wrong, 1, masks[2])
    named = dict(zip(("real_mask", "fake_mask", "mismatched_mask"), map(torch.from_numpy, masks), strict=True))
    assert discriminator_loss(real, fake, wrong, **named).item() == pytest.approx(expected, rel=1e-5)
    everything = np.ones((ROWS, FRAMES), bool)
    expected = mean(real, -1, everything) + mean(fake, 1, everything)
    assert discriminator_loss(real, fake).item() == pytest.approx(expected, rel=1e-5)
    assert generator_loss(fake, torch.from_numpy(masks[1])).item() == pytest.approx(mean(fake, -1, masks[1]), rel=1e-5)
    poster = np.mean([math.log(1 - 1 / (1 + math.exp(-x))) for x in fake.double().numpy().ravel()])
    assert generator_loss(fake, saturating=True).item() == pytest.approx(float(poster), rel=1e-4)


def test_an_undecided_judge_costs_what_the_form_says() -> None:
    zero = torch.zeros(4)
    assert discriminator_loss(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert discriminator_loss(zero, zero, zero).item() == pytest.approx(2.5 * math.log(2))
    sure = torch.full((4,), 20.0)
    assert discriminator_loss(sure, -sure, -sure).item() < 1e-6
    assert generator_loss(sure).item() < 1e-6
    assert generator_loss(-sure).item() == pytest.approx(20.0)


def test_the_saturating_form_gives_up_where_the_other_pulls() -> None:
    for saturating, low, high in ((False, 0.9, 1.0), (True, 0.0, 1e-3)):
        score = torch.full((1,), -10.0, requires_grad=True)
        generator_loss(score, saturating=saturating).backward()
        assert score.grad is not None
        assert low <= -score.grad.item() <= high  # both push the score up


def test_gradient_penalty_of_a_linear_judge() -> None:
    weight = torch.tensor([3.0, -4.0, 0.0, 0.0, 0.0])
    voice, face = (x[..., 0].requires_grad_() for x in _frames(6))
    scores = voice @ weight + 2 * face.sum(1)
    expected = 25.0 + 4.0 * CHANNELS
    assert gradient_penalty(scores, [voice, face]).item() == pytest.approx(expected)
    mask = torch.tensor([1, 0, 1, 1, 0, 0])
    assert gradient_penalty(scores, [voice, face], mask).item() == pytest.approx(expected)
    frames = _frames(7)[0].requires_grad_()
    scores = (frames * torch.arange(1.0, FRAMES + 1)).sum(1)  # slope m + 1 at frame m
    expected = CHANNELS * float(np.mean(np.arange(1, FRAMES + 1) ** 2))
    assert gradient_penalty(scores, [frames]).item() == pytest.approx(expected)


def test_gradient_penalty_against_finite_differences_and_trainable() -> None:
    judge = _judge("phonetic", paired=True).double()
    audio, video = (x.double().requires_grad_() for x in _frames(8))
    penalty = gradient_penalty(judge(audio, video), [audio, video])
    total = 0.0
    with torch.no_grad():
        for moved in (audio, video):
            for index in np.ndindex(tuple(moved.shape)):
                ends = []
                for step in (1e-6, -1e-6):
                    moved[index] += step
                    ends.append(judge(audio, video).sum().item())
                    moved[index] -= step
                total += ((ends[0] - ends[1]) / 2e-6) ** 2
    assert penalty.item() == pytest.approx(total / (ROWS * FRAMES), rel=1e-4)
    penalty.backward()
    slopes = [p.grad for p in judge.parameters() if p.grad is not None]
    assert sum(g.abs().sum().item() for g in slopes) > 0
    assert all(torch.isfinite(g).all() for g in slopes)


@pytest.mark.parametrize("kind", ["identity", "phonetic"])
def test_paired_discriminator_objective_against_a_plain_version(kind: str) -> None:
    judge = _judge(kind, paired=True)
    estimate, video, clean = _embeddings(kind, 9)
    rng = np.random.default_rng(10)
    shape = (ROWS,) if kind == "identity" else (ROWS, FRAMES)
    heard, seen = rng.random(shape) < 0.7, rng.random(shape) < 0.7
    rows = np.asarray([1, 1, 0, 1, 1, 1], bool)
    wide = rows if kind == "identity" else rows[:, None]
    crossed = seen[[1, 0, 3, 2, 5, 4]]
    with torch.no_grad():
        real, fake = judge(clean, video).numpy(), judge(estimate, video).numpy()
        wrong = judge(clean, video[[1, 0, 3, 2, 5, 4]]).numpy()
    own = heard & seen & wide
    expected = float(
        np.mean([_softplus(-x) for x in real[own]])
        + np.mean([_softplus(x) for x in fake[own]])
        + 0.5 * np.mean([_softplus(x) for x in wrong[heard & crossed & wide]])
    )
    masks = {"heard": torch.from_numpy(heard), "seen": torch.from_numpy(seen), "rows": torch.from_numpy(rows)}
    loss = discriminator_objective(judge, estimate, video, clean, **masks)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    expected = float(np.mean([_softplus(-x) for x in fake[own]]))
    assert generator_objective(judge, estimate, video, **masks).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["identity", "phonetic"])
def test_the_posters_form_judges_one_embedding_at_a_time(kind: str) -> None:
    judge = _judge(kind, paired=False)
    estimate, video, _ = _embeddings(kind, 11)
    heard, seen = torch.ones(ROWS), torch.ones(ROWS)
    heard[1], seen[4] = 0, 0
    with torch.no_grad():
        of_video, of_voice = judge(video)[seen > 0].double(), judge(estimate)[heard > 0].double()
    expected = -torch.sigmoid(of_video).log().mean() - (1 - torch.sigmoid(of_voice)).log().mean()
    loss = discriminator_objective(judge, estimate, video, heard=heard, seen=seen)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    pulled = generator_objective(judge, estimate, video, heard=heard, seen=seen)
    assert pulled.item() == pytest.approx(-torch.sigmoid(of_voice).log().mean().item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["identity", "phonetic"])
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_the_discriminators_step_moves_nothing_else(kind: str, paired: bool, penalty: float) -> None:
    judge = _judge(kind, paired=paired)
    inputs = [x.requires_grad_() for x in _embeddings(kind, 12)]
    loss = discriminator_objective(judge, inputs[0], inputs[1], inputs[2] if paired else None, penalty=penalty)
    loss.backward()
    assert all(x.grad is None for x in inputs)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in judge.parameters() if p.ndim > 1)
    assert all(p.requires_grad for p in judge.parameters())


def test_the_penalty_is_added_at_half_its_weight() -> None:
    judge = _judge("identity", paired=True)
    estimate, video, clean = _embeddings("identity", 13)
    real_inputs = [clean.clone().requires_grad_(), video.clone().requires_grad_()]
    penalty = gradient_penalty(judge(*real_inputs), real_inputs)
    plain = discriminator_objective(judge, estimate, video, clean)
    punished = discriminator_objective(judge, estimate, video, clean, penalty=3.0)
    assert (punished - plain).item() == pytest.approx(1.5 * penalty.item(), rel=1e-4)


@pytest.mark.parametrize("kind", ["identity", "phonetic"])
@pytest.mark.parametrize("paired", [True, False])
def test_the_separators_step_reaches_the_estimate_alone(kind: str, paired: bool) -> None:
    judge = _judge(kind, paired=paired)
    estimate, video, _ = (x.requires_grad_() for x in _embeddings(kind, 14))
    with held(judge):
        generator_objective(judge, estimate, video).backward()
    assert estimate.grad is not None
    assert (estimate.grad.flatten(1).abs().sum(1) > 0).all()
    assert video.grad is None
    assert all(p.grad is None for p in judge.parameters())
    assert all(p.requires_grad for p in judge.parameters())


def test_terms_are_weighted_and_switched_one_by_one() -> None:
    audio, video = _frames(15)
    voice, face = audio[..., 0], video[..., 0]
    heard = torch.ones(ROWS, FRAMES)
    heard[1], heard[4, 6:] = 0, 0
    speaks = torch.ones(ROWS)
    speaks[1] = 0
    identity, phonetic = _judge("identity", paired=True), _judge("phonetic", paired=True)
    embedded = Embedded(audio, video, voice, face, heard=heard)
    terms = mmmc_terms(embedded, MmmcWeights(0.1, 0.2, 0.3, 0.4), identity_judge=identity, phonetic_judge=phonetic)
    expected = {
        "mmmc_identity_triplet": 0.1 * identity_triplet(voice, face, speaks=speaks),
        "mmmc_phonetic_triplet": 0.2 * phonetic_triplet(audio, video, heard=heard),
        "mmmc_identity_adversarial": 0.3 * generator_objective(identity, voice, face, heard=speaks),
        "mmmc_phonetic_adversarial": 0.4 * generator_objective(phonetic, audio, video, heard=heard),
    }
    assert {k: v.item() for k, v in terms.items()} == pytest.approx({k: v.item() for k, v in expected.items()})
    assert mmmc_terms(Embedded(), MmmcWeights()) == {}
    assert set(mmmc_terms(Embedded(audio, video), MmmcWeights(phonetic_triplet=1))) == {"mmmc_phonetic_triplet"}
    with pytest.raises(ValueError, match="no discriminator"):
        mmmc_terms(embedded, MmmcWeights(identity_adversarial=1), phonetic_judge=phonetic)
    with pytest.raises(ValueError, match="clean voices"):
        discriminator_objective(phonetic, audio, video)


@pytest.mark.parametrize("rows", [ROWS, 0])
@pytest.mark.parametrize("paired", [True, False])
def test_an_empty_selection_gives_zero_with_finite_gradients(rows: int, paired: bool) -> None:
    nothing = torch.zeros(rows)
    for kind in ("identity", "phonetic"):
        judge = _judge(kind, paired=paired)
        estimate, video, clean = (x[:rows].requires_grad_() for x in _embeddings(kind, 16))
        loss = identity_triplet(estimate, video, rows=nothing) if kind == "identity" else None
        loss = phonetic_triplet(estimate, video, heard=nothing) if loss is None else loss
        loss = loss + generator_objective(judge, estimate, video, rows=nothing)
        loss = loss + discriminator_objective(
            judge, estimate, video, clean if paired else None, rows=nothing, penalty=1.0
        )
        assert loss.item() == 0.0
        loss.backward()
        assert estimate.grad is not None
        assert torch.equal(estimate.grad, torch.zeros_like(estimate))
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in judge.parameters())


@pytest.mark.parametrize("kind", ["identity", "phonetic"])
def test_a_paired_judge_learns_to_tell_the_real_pair_and_pulls_the_estimate_to_it(kind: str) -> None:
    """A toy world: a clean voice is its video under a fixed rotation; the estimate is half the other talker."""
    torch.manual_seed(17)
    channels, rows, frames = 8, 32, 6
    turn = torch.linalg.qr(torch.randn(channels, channels))[0]
    judge = (PairDiscriminator if kind == "identity" else SequenceDiscriminator)(channels, 32)
    optimizer = torch.optim.Adam(judge.parameters(), 1e-2, betas=(0.5, 0.9))

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        video = unit(torch.randn(rows, channels, frames))
        clean = torch.einsum("dc,rcm->rdm", turn, video)
        estimate = unit(clean + 1.2 * other_talker(clean))
        return (estimate, video, clean) if kind == "phonetic" else (estimate[..., 0], video[..., 0], clean[..., 0])

    for step in range(150):
        optimizer.zero_grad()
        discriminator_objective(judge, *draw(), penalty=0.01 if step % 16 == 0 else 0.0).backward()
        optimizer.step()
    judge.eval()
    estimate, video, clean = draw()
    with torch.no_grad():
        real, fake, wrong = judge(clean, video), judge(estimate, video), judge(clean, other_talker(video))
    assert real.mean() > fake.mean() + 0.3
    assert real.mean() > wrong.mean() + 0.3

    moving = nn.Parameter(estimate.clone())
    pull = torch.optim.Adam([moving], 1e-2)
    before = torch.cosine_similarity(moving, clean, 1).mean().item()
    with held(judge):
        for _ in range(40):
            pull.zero_grad()
            generator_objective(judge, unit(moving), video).backward()
            pull.step()
    after = torch.cosine_similarity(moving, clean, 1).mean().item()
    assert after > before + 0.02

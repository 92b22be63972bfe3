"""The training-only networks: shapes, clocks, what they may depend on, freezing, and learning a toy match."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.losses.correspondence import CmcWeights, cmc_terms, other_talker, unit
from engine.models.embedders import (
    EmbedderConfig,
    Embedders,
    FaceEmbedder,
    LipEmbedder,
    PairDiscriminator,
    Ranking,
    SequenceDiscriminator,
    VoiceEmbedder,
    held,
    on_sound_clock,
    two_way_ranking,
)

SMALL = EmbedderConfig(
    face=True,
    identity_judge=True,
    phonetic_judge=True,
    bins=9,
    visual_features=7,
    face_features=6,
    channels=5,
    voice_channels=8,
    lip_channels=8,
    judge_channels=8,
)


@pytest.fixture
def embedders() -> Embedders:
    torch.manual_seed(0)
    return Embedders(SMALL).eval()


def _lengths(x: Tensor) -> Tensor:
    return x.square().sum(1).sqrt()


def test_voice_shapes_and_size_as_specified() -> None:
    config = EmbedderConfig()
    voice = VoiceEmbedder(config.bins, config.voice_channels, config.channels)
    frames, whole = voice(torch.rand(3, 257, 40))
    assert frames.shape == (3, 128, 10)
    assert whole.shape == (3, 128)
    torch.testing.assert_close(_lengths(frames), torch.ones(3, 10))
    torch.testing.assert_close(_lengths(whole), torch.ones(3))
    assert 0.5e6 < sum(p.numel() for p in voice.parameters()) < 0.7e6
    with pytest.raises(ValueError, match="42 audio frames"):
        voice(torch.rand(3, 257, 42))


def test_voice_vector_m_hears_around_audio_frame_4m(embedders: Embedders) -> None:
    magnitude = torch.rand(1, SMALL.bins, 160).requires_grad_()
    m = 20
    frames, _ = embedders.voice(magnitude)
    (slope,) = torch.autograd.grad(frames[0, 0, m], magnitude)
    by_frame = slope.abs().sum((0, 1))
    heard = by_frame > 0.2 * by_frame.max()  # norms and means look at the whole chunk, faintly
    where = torch.nonzero(heard)[:, 0]
    assert where.min() >= 4 * m - 14
    assert where.max() <= 4 * m + 14
    centre = (by_frame * heard * torch.arange(160.0)).sum() / (by_frame * heard).sum()
    assert abs(centre.item() - 4 * m) < 4


def test_a_voice_is_the_same_at_any_level(embedders: Embedders) -> None:
    magnitude = torch.rand(2, SMALL.bins, 24)
    for quiet, loud in zip(embedders.voice(0.2 * magnitude), embedders.voice(3 * magnitude), strict=True):
        torch.testing.assert_close(quiet, loud, atol=1e-3, rtol=0)


def test_lips_shapes_scale_and_unseen_frames(embedders: Embedders) -> None:
    lips, seen = torch.randn(3, 11, SMALL.visual_features), torch.ones(3, 11)
    seen[1, 4:6] = 0
    seen[2] = 0
    assert embedders.lips is not None
    out = embedders.lips(lips, seen)
    assert out.shape == (3, SMALL.channels, 11)
    torch.testing.assert_close(_lengths(out), seen)
    hidden = lips.clone()
    hidden[1, 4:6] += 5
    torch.testing.assert_close(embedders.lips(hidden, seen), out)
    spread = torch.linspace(0.5, 3, SMALL.visual_features)
    embedders.lips.set_scale(spread)
    torch.testing.assert_close(embedders.lips(lips * spread, seen), out)
    assert "scale" in dict(embedders.lips.named_buffers())


def test_face_shape_and_length() -> None:
    face = FaceEmbedder(6, 5)
    out = face(torch.randn(4, 6))
    assert out.shape == (4, 5)
    torch.testing.assert_close(_lengths(out), torch.ones(4))
    assert torch.isfinite(face(torch.zeros(1, 6))).all()


@pytest.mark.parametrize("paired", [True, False])
def test_discriminators_shapes_and_bounded_slope(paired: bool) -> None:
    torch.manual_seed(1)
    for judge, shape in (
        (PairDiscriminator(5, 8, paired=paired), (3, 5)),
        (SequenceDiscriminator(5, 8, paired=paired), (3, 5, 7)),
    ):
        first, second = unit(torch.randn(shape)), unit(torch.randn(shape))
        scores = judge(first, second) if paired else judge(first)
        assert scores.shape == (3, *shape[2:])
        with torch.no_grad():
            for parameter in judge.parameters():
                parameter.mul_(1000)  # the spectral norm takes any growth of a weight out again
        for layer in judge.layers[::2]:
            weight = layer.weight.flatten(1)
            assert 0.5 < torch.linalg.matrix_norm(weight, 2).item() < 2
        with pytest.raises(ValueError, match="discriminator takes"):
            _ = judge(first) if paired else judge(first, second)


def test_a_paired_judge_looks_at_both_an_unpaired_one_at_one() -> None:
    torch.manual_seed(2)
    judge = SequenceDiscriminator(5, 8).eval()
    voice, video = unit(torch.randn(2, 5, 31)).requires_grad_(), unit(torch.randn(2, 5, 31)).requires_grad_()
    slopes = torch.autograd.grad(judge(voice, video)[0, 15], [voice, video])
    for slope in slopes:
        assert slope[1].abs().sum() == 0
        reached = torch.nonzero(slope[0].abs().sum(0))[:, 0]
        assert (reached.min().item(), reached.max().item()) == (9, 21)


def test_lips_are_cut_to_the_sounds_clock() -> None:
    margin, frames = 3, 5
    lag = torch.tensor([0, -3, 2])
    window = torch.arange(2.0 * 3 * 11).view(3, 2, 11)
    cut = on_sound_clock(window, lag, margin)
    assert cut.shape == (3, 2, frames)
    for row in range(3):
        start = margin + int(lag[row])
        assert torch.equal(cut[row], window[row, :, start : start + frames])
    assert torch.equal(on_sound_clock(window[:, 1], lag, margin), cut[:, 1])


def test_all_together_gives_what_the_losses_take(embedders: Embedders) -> None:
    rows, frames, margin = 4, 6, 2
    magnitude = torch.rand(rows, SMALL.bins, 4 * frames)
    lips = torch.randn(rows, frames + 2 * margin, SMALL.visual_features)
    seen = torch.ones(rows, frames + 2 * margin)
    seen[1, 0:5] = 0
    lag, heard = torch.tensor([0, 1, -2, 2]), torch.ones(rows, frames)
    embedded = embedders(magnitude, lips, seen, torch.randn(rows, 6), lag=lag, heard=heard)
    assert embedded.audio.shape == embedded.video.shape == (rows, SMALL.channels, frames)
    assert embedded.voice.shape == embedded.face.shape == (rows, SMALL.channels)
    assert embedded.seen.tolist()[1] == [False, False, True, True, True, True]
    torch.testing.assert_close(_lengths(embedded.video), embedded.seen.float())
    assert embedded.heard is heard
    terms = cmc_terms(embedded, CmcWeights())
    assert all(torch.isfinite(t) and t > 0 for t in terms.values())
    with pytest.raises(ValueError, match="9 lip frames"):
        embedders(magnitude, lips[:, 1:], seen[:, 1:])
    with pytest.raises(ValueError, match="seen"):
        embedders(magnitude, lips)


def test_only_what_is_asked_for_is_there_and_runs() -> None:
    torch.manual_seed(3)
    plain = Embedders(dataclasses.replace(SMALL, lips=False, face=False, identity_judge=False, phonetic_judge=False))
    assert plain.lips is plain.face is plain.identity_judge is plain.phonetic_judge is None
    assert plain.judge_parameters() == []
    embedded = plain(torch.rand(2, SMALL.bins, 8), torch.randn(2, 2, 7), torch.ones(2, 2), torch.randn(2, 6))
    assert embedded.video is None and embedded.face is None
    poster = Embedders(dataclasses.replace(SMALL, paired=False))
    assert poster.identity_judge is not None and not poster.identity_judge.paired
    assert poster.phonetic_judge is not None and not poster.phonetic_judge.paired


def test_parameters_are_split_between_two_optimisers(embedders: Embedders) -> None:
    ours, judges = set(embedders.embedding_parameters()), set(embedders.judge_parameters())
    assert not ours & judges
    assert ours | judges == set(embedders.parameters())


def test_frozen_embedders_pass_gradients_on_and_keep_still(embedders: Embedders) -> None:
    embedders.freeze()
    embedders.train()
    assert not embedders.voice.training
    assert embedders.lips is not None and not embedders.lips.training
    assert embedders.identity_judge is not None and embedders.identity_judge.training
    magnitude = torch.rand(4, SMALL.bins, 48).requires_grad_()
    lips, seen, face = torch.randn(4, 12, SMALL.visual_features), torch.ones(4, 12), torch.randn(4, 6)
    first = embedders(magnitude, lips, seen, face)
    assert torch.equal(first.audio, embedders(magnitude, lips, seen, face).audio)  # no dropout
    torch.stack(list(cmc_terms(first, CmcWeights()).values())).sum().backward()
    assert magnitude.grad is not None
    assert (magnitude.grad.abs().sum((1, 2)) > 0).all()
    assert all(p.grad is None for p in embedders.parameters())
    assert all(p.requires_grad for p in embedders.judge_parameters())


def test_held_gives_back_what_it_took_and_no_more(embedders: Embedders) -> None:
    judge = embedders.identity_judge
    assert judge is not None
    first = next(judge.parameters())
    first.requires_grad_(False)
    before = [p.requires_grad for p in judge.parameters()]
    with pytest.raises(RuntimeError, match="midway"), held(judge, None):
        assert not any(p.requires_grad for p in judge.parameters())
        raise RuntimeError("midway")
    assert [p.requires_grad for p in judge.parameters()] == before


def test_ranking_against_a_plain_version() -> None:
    generator = torch.Generator().manual_seed(4)
    voice, video = torch.randn(2, 6, 5, 7, generator=generator)
    rng = np.random.default_rng(5)
    heard, seen = rng.random((6, 7)) < 0.6, rng.random((6, 7)) < 0.6
    seen[3] = False
    right = trials = 0
    for i in range(6):
        use = [m for m in range(7) if heard[i, m] and seen[i, m] and seen[i ^ 1, m]]
        if use:
            own = [torch.cosine_similarity(voice[i, :, m], video[i, :, m], 0).item() for m in use]
            other = [torch.cosine_similarity(voice[i, :, m], video[i ^ 1, :, m], 0).item() for m in use]
            right += np.mean(own) > np.mean(other)
            trials += 1
    ranking = two_way_ranking(voice, video, heard=torch.from_numpy(heard), seen=torch.from_numpy(seen))
    assert (ranking.right, ranking.trials) == (right, trials)
    assert 0 < trials <= 4


def test_ranking_known_cases_and_sums() -> None:
    video = torch.eye(4)
    assert two_way_ranking(video, video) == Ranking(4, 4)
    assert two_way_ranking(other_talker(video), video) == Ranking(0, 4)
    assert two_way_ranking(torch.ones(4, 4), torch.ones(4, 4)).right == 0  # ties are no knowledge
    assert two_way_ranking(video, video, rows=torch.zeros(4)) == Ranking(0, 0)
    assert two_way_ranking(video[:0], video[:0]) == Ranking(0, 0)
    assert Ranking(0, 0).accuracy == 0.0 and not Ranking(0, 0).ready
    assert not Ranking(9, 10).ready
    assert (Ranking(9, 10) + Ranking(10, 10)).ready
    assert (Ranking(9, 10) + Ranking(10, 10)).accuracy == pytest.approx(0.95)


def test_embedders_learn_which_lips_go_with_which_sound() -> None:
    """A toy world: the opening of the mouth is the loudness of some bins; new talk is ranked after a few steps."""
    torch.manual_seed(6)
    embedders = Embedders(dataclasses.replace(SMALL, face=False, channels=16, voice_channels=24, lip_channels=24))
    optimizer = torch.optim.Adam(embedders.embedding_parameters(), 5e-3)

    def draw(rows: int) -> tuple[Tensor, Tensor, Tensor]:
        motion = torch.randn(rows, 3, 24)
        lips = torch.cat([motion, 0.3 * torch.randn(rows, 4, 24)], 1).transpose(1, 2)
        bins = motion.repeat(1, 3, 1).repeat_interleave(4, -1)  # (R, 9, 96)
        return (1 + 0.5 * bins.sigmoid() + 0.05 * torch.randn_like(bins)), lips, torch.ones(rows, 24)

    for _ in range(80):
        optimizer.zero_grad()
        cmc_terms(embedders(*draw(8)), CmcWeights(talker=0.0))["cmc_phonetic"].backward()
        optimizer.step()
    embedders.eval()
    with torch.no_grad():
        embedded = embedders(*draw(200))
    assert two_way_ranking(*embedded.frames()).ready
    assert two_way_ranking(embedded.audio, other_talker(embedded.video)).accuracy < 0.1


def test_lip_embedding_is_local(embedders: Embedders) -> None:
    lips = torch.randn(1, 120, SMALL.visual_features).requires_grad_()
    assert isinstance(embedders.lips, LipEmbedder)
    (slope,) = torch.autograd.grad(embedders.lips(lips, torch.ones(1, 120))[0, 0, 60], lips)
    by_frame = slope.abs().sum((0, 2))
    where = torch.nonzero(by_frame > 1e-2 * by_frame.max())[:, 0]
    assert where.min() >= 60 - 8
    assert where.max() <= 60 + 8

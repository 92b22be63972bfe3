"""Teaching by what a voice and its picture share: CMC, MMMC by triplets or by adversaries, or VisualVoice's objective.

The embedders are trained first, on clean voices with their own lips and faces, and then fixed, so that they cannot
adapt to the separator's artefacts (models.md 4.2, option i). Their weights are kept beside the runs, shared by all.

CMC and MMMC are added to the separation loss from 20 % of the run on. VisualVoice's objective takes the place of the
separation loss from the first step, as published.
Differs from VisualVoice: its voice and face networks learn on beside the separator and see the clean voice half of the
time; ours are fixed, for which a clean voice would teach nothing.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import compressed_magnitude, stft
from engine.cache import write_then_rename
from engine.config import StftConfig, TrainConfig
from engine.data.mixtures import Mixer
from engine.errors import ModelError, UsageError
from engine.losses.correlation import MmmcWeights, discriminator_objective, mmmc_terms
from engine.losses.correspondence import CmcWeights, Embedded, cmc_terms, ramp
from engine.losses.visualvoice import Masked, VisualVoiceWeights, visualvoice_terms
from engine.models.embedders import EmbedderConfig, Embedders, Ranking, held, two_way_ranking
from engine.models.separated import Separated
from engine.train.batch import Batch, tensors

KINDS = ("cmc", "triplet", "adversarial", "visualvoice")
_BEGIN, _FULL = 0.2, 0.3  # share of the run at which the terms begin, and at which they count fully
_PENALTY_EVERY, _PENALTY = 16, 1.0
_RANK_EVERY = 50
_BATCHES_APART = 10**9  # the embedders' batches are none of the separator's
_LEARNING_RATE, _JUDGE_LEARNING_RATE = 1e-3, 4e-4
_VISUALVOICE_RMS = 0.1 / math.sqrt(2)  # of a mixture; the weights of the mask loss depend on it
_SAME_SOUND = 0.999  # cosine of two waveforms


class Correlation(nn.Module):
    """The terms of one kind, with the networks that they need."""

    def __init__(self, kind: str, embedders: Embedders, weight: float, stft_config: StftConfig) -> None:
        super().__init__()
        self.kind, self.embedders, self.weight, self.stft = kind, embedders, weight, stft_config
        self.judged: tuple[Embedded, Embedded] | None = None

    @property
    def stands_alone(self) -> bool:
        """Whether it takes the place of the separation loss; else it is added to it."""
        return self.kind == "visualvoice"

    def forward(self, out: Separated, batch: Batch, done: float) -> Tensor:
        """Loss of the estimates.

        Args:
            out: two rows per mixture. batch: as in `engine.train.lesson`. done: share of the run.
        """
        if self.kind == "visualvoice":
            return self.weight * self._visualvoice(out, batch)
        share = self.weight * ramp(done, _BEGIN, _FULL)
        if share == 0:
            return out.spectrum.real.new_zeros(())
        e = self.embed(compressed_magnitude(out.spectrum / _level(batch)), batch)
        identity = float(e.face is not None)
        if self.kind == "cmc":
            return share * _sum(cmc_terms(e, CmcWeights(phonetic=1.0, talker=0.0)))
        if self.kind == "triplet":
            return share * _sum(mmmc_terms(e, MmmcWeights(identity_triplet=identity, phonetic_triplet=1.0)))
        judges = self.embedders.identity_judge, self.embedders.phonetic_judge
        with torch.no_grad():
            self.judged = e, self.embed_clean(batch)
        with held(*judges):
            weights = MmmcWeights(identity_adversarial=identity, phonetic_adversarial=1.0)
            return share * _sum(mmmc_terms(e, weights, identity_judge=judges[0], phonetic_judge=judges[1]))

    def _visualvoice(self, out: Separated, batch: Batch) -> Tensor:
        """L_mask + 0.01 L_cross + 0.01 L_cosep, the last where two mixtures have a talker in common.

        The paper's mixtures are half-sums of voices of RMS 0.1, so that its mask of a lone voice is 2; ours is 1.
        """
        mixture = batch["mixture"].repeat_interleave(2, 0)
        gain = _VISUALVOICE_RMS / mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        spectra = (stft(gain * wave, self.stft) for wave in (2 * batch["targets"].flatten(0, 1), mixture))
        magnitude = compressed_magnitude(out.spectrum / _level(batch))
        e = replace(self.embed(magnitude, batch, with_lips=False), rows=~batch["unseen"].flatten())
        weights = VisualVoiceWeights()
        own = replace(weights, co_separation=0.0, cross=weights.cross if e.face is not None else 0.0)
        terms = visualvoice_terms(e, own, Masked(2 * out.mask, *spectra))
        common = common_talker(batch["targets"])
        if common.any():
            rows = common.repeat_interleave(4)
            voice, speaks, scored = (x[: len(rows)] for x in (e.voice, e.speaks, e.rows) if x is not None)
            pairs = Embedded(voice=voice, heard=speaks, rows=scored & rows)
            terms |= visualvoice_terms(pairs, replace(weights, mask=0.0, cross=0.0), None)
        return _sum(terms)

    def judge_loss(self, step: int) -> Tensor | None:
        """What the discriminators minimise after a step of the separator; None before the terms begin."""
        if self.judged is None:
            return None
        (e, clean), self.judged = self.judged, None
        penalty = _PENALTY if step % _PENALTY_EVERY == 0 else 0.0
        losses = []
        for judge, embedding, video, genuine, heard, seen in (
            (self.embedders.identity_judge, e.voice, e.face, clean.voice, e.speaks, e.filmed),
            (self.embedders.phonetic_judge, e.audio, e.video, clean.audio, e.heard, e.seen),
        ):
            if judge is not None and embedding is not None and video is not None:
                given = discriminator_objective(
                    judge, embedding, video, genuine, heard=heard, seen=seen, rows=e.rows, penalty=penalty
                )
                losses.append(given)
        return torch.stack(losses).sum()

    def embed_clean(self, batch: Batch) -> Embedded:
        """The clean voices with their lips and faces."""
        spectrum = stft(batch["targets"].flatten(0, 1), self.stft)
        return self.embed(compressed_magnitude(spectrum / _level(batch)), batch)

    def embed(self, magnitude: Tensor, batch: Batch, *, with_lips: bool = True) -> Embedded:
        """(2 B, F, N) compressed magnitudes with the lips and (another clip's) face of each row."""
        filmed = ~batch["unseen"].flatten()
        embedded: Embedded = self.embedders(
            magnitude,
            batch["lips"].flatten(0, 1) if with_lips else None,
            batch["seen"].flatten(0, 1) if with_lips else None,
            batch["same_person"].flatten(0, 1),
            lag=batch["lag"].flatten(),
            heard=~batch["silent"].flatten(),
            filmed=filmed & batch["same_person"].flatten(0, 1).any(1),
            rows=filmed & ~batch["silent"].flatten(),
        )
        return embedded


def common_talker(targets: Tensor) -> Tensor:
    """Which pairs of mixtures, 0 and 1, 2 and 3, ..., hold the same voice as their second target, at any level.

    Args:
        targets: (B, 2, T).

    Returns:
        (B // 2,) bool; never for silence.
    """
    second = targets[: len(targets) // 2 * 2, 1]
    return functional.cosine_similarity(second[0::2], second[1::2], dim=1, eps=1e-4) > _SAME_SOUND


def build_correlation(config: TrainConfig, mixer: Mixer, device: torch.device) -> Correlation:
    """The terms of `config.correlation`, their embedders trained, or read from `config.embedders`.

    Raises:
        UsageError: there is no such kind, or it does not teach this architecture.
        ModelError: the stored embedders cannot be read, or do not fit.
    """
    if config.correlation not in KINDS:
        raise UsageError(f"There is no correlation {config.correlation!r}.", f"Known are {', '.join(KINDS)}.")
    if config.correlation == "visualvoice" and config.architecture == "compact":
        raise UsageError(
            "VisualVoice's objective teaches no blind slots, which the compact network starts from.",
            'Use architecture "av-baseline" or "caffnet".',
        )
    judges = config.correlation == "adversarial"
    sizes = EmbedderConfig(lips=True, face=mixer.pack.attributes is not None)
    sizes = replace(sizes, phonetic_judge=judges, identity_judge=judges and sizes.face)
    embedders = Embedders(sizes).to(device)
    correlation = Correlation(config.correlation, embedders, config.correlation_weight, config.model.stft).to(device)
    path = Path(config.embedders)
    if path.is_file():
        try:
            stored = torch.load(path, weights_only=True, map_location=device)
            embedders.load_state_dict(stored, strict=False)
        except (RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise ModelError(
                f"The embedders in {path} cannot be read or do not fit.",
                "Delete the file; they are made anew.",
                details=str(error),
            ) from error
    else:
        train_embedders(correlation, mixer, config, device)
        kept = {k: v for k, v in embedders.state_dict().items() if "judge" not in k}
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_then_rename(path) as part:
            torch.save(kept, part)
    embedders.freeze()
    return correlation


def train_embedders(correlation: Correlation, mixer: Mixer, config: TrainConfig, device: torch.device) -> Ranking:
    """Train voice, lip and face embedders on the clean voices of training batches, and keep the best of them.

    They learn the training talkers by heart within some hundred steps; the best are those whose voices most often
    prefer their own lips to the other talker's among validation talkers.

    Returns:
        How often they do.
    """
    embedders = correlation.embedders.train()
    if embedders.lips is not None:
        embedders.lips.set_scale(torch.from_numpy(mixer.spread_of_lips()).to(device))
    optimizer = torch.optim.AdamW(embedders.embedding_parameters(), _LEARNING_RATE, weight_decay=config.weight_decay)
    held_out = Mixer(mixer.pack, config, split="val")
    best, kept = Ranking(0, 0), embedders.state_dict()
    for step in range(config.embedder_steps):
        rate = _LEARNING_RATE * min(1.0, (step + 1) / 100) * min(1.0, 2.0 * (1 - step / config.embedder_steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = tensors(mixer.batch(_BATCHES_APART + step), device)
        e = correlation.embed_clean(batch)
        loss = _sum(cmc_terms(e, CmcWeights(phonetic=1.0, talker=0.0)))
        if e.face is not None:
            loss = loss + _sum(mmmc_terms(e, MmmcWeights(identity_triplet=1.0)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if (step + 1) % _RANK_EVERY == 0 or step + 1 == config.embedder_steps:
            ranking = rank(correlation, held_out, device)
            if ranking.accuracy > best.accuracy:
                best, kept = ranking, {name: value.clone() for name, value in embedders.state_dict().items()}
    embedders.load_state_dict(kept)
    return best


@torch.no_grad()
def rank(correlation: Correlation, held_out: Mixer, device: torch.device, batches: int = 20) -> Ranking:
    """How often clean voices of a mixer's talkers prefer their own lips (models.md 5.4)."""
    embedders = correlation.embedders.eval()
    total = Ranking(0, 0)
    for step in range(batches):
        e = correlation.embed_clean(tensors(held_out.batch(step), device))
        audio, video = e.frames()
        total = total + two_way_ranking(audio, video, heard=e.heard, seen=e.seen, rows=e.rows)
    embedders.train()
    return total


def judge_optimizer(correlation: Correlation | None) -> torch.optim.Optimizer | None:
    """Adam for the discriminators; None where there are none."""
    parameters = correlation.embedders.judge_parameters() if correlation is not None else []
    return torch.optim.Adam(parameters, _JUDGE_LEARNING_RATE, (0.5, 0.9)) if parameters else None


def _level(batch: Batch) -> Tensor:
    """RMS of every target, (2 B, 1, 1)."""
    return batch["targets"].flatten(0, 1).square().mean(-1)[:, None, None].sqrt().clamp_min(1e-4)


def _sum(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()

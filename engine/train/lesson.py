"""What a network is taught by one batch: the loss of a training step and what the curve shows of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from engine.audio.stft import compressed_magnitude, stft
from engine.config import StftConfig
from engine.losses.separation import compressed_magnitude_l1, si_sdr, sounding, swap_hinge
from engine.models.compact import CompactSeparator
from engine.models.judge import improvement_db
from engine.models.separated import Separated
from engine.train.batch import Batch, looks
from engine.train.correlation import Correlation

_ACTIVITY = 2.0
_QUALITY_DB = 5.0
CURVE = ("train_si_sdr_db", "blind_minus_loss", "slot_accuracy", "lag_accuracy")


class Lesson(nn.Module):
    """A network with its objective: one forward call per step, so that any launcher can wrap it.

    The objective (models.md 10) is the same for every network, as far as it has the parts:
        -SI-SDR (clipped at 30 dB) + 10 L1 of ^0.3 magnitudes, both faces of each mixture; energy where a face is
        silent; cross-entropy of the lag, weight 3 decaying to 1, and a swap hinge until 70 %. The known lag is given
        to the network at first, so that it learns to use the lips before it has to find their delay;
        for the compact network also 5 L1 of what the lips alone tell of the spectrum, the permutation-invariant loss
        of its blind slots (with and without film), and cross-entropy of the choice between them and of when the face's
        voice sounds, and the error of what `engine.models.judge` thinks of the voice. The known slot is
        given in most items throughout, since a choice that is still unsure teaches the steered pass to hedge with
        the mixture.
    A correlation that stands alone (VisualVoice's objective) takes the place of all that but the lag's cross-entropy.
    """

    def __init__(self, network: nn.Module, stft_config: StftConfig, correlation: Correlation | None = None) -> None:
        super().__init__()
        self.network, self.stft, self.correlation = network, stft_config, correlation

    def forward(self, batch: Batch, done: float) -> tuple[Tensor, Tensor]:
        """Teach one batch.

        Args:
            batch: tensors of `engine.data.mixtures.Batch`. done: share of the run that lies behind.

        Returns:
            Loss, and (4,) what `CURVE` names (NaN where the network has no such part).
        """
        if isinstance(self.network, CompactSeparator):
            out, loss, shown = _compact_lesson(self.network, batch, done)
        else:
            network: Any = self.network
            lips, seen, attributes = looks(batch, network.config)
            lag = _known_lags(batch, done, network)
            out = network(batch["mixture"], lips, seen, faces=2, lag=lag, attributes=attributes)
            alone = self.correlation is not None and self.correlation.stands_alone
            loss, (score, hits) = _voice_terms(out, batch, done, self.stft, separation=not alone)
            nothing = score.new_full((), torch.nan)
            shown = torch.stack([score, nothing, nothing, hits])
        if self.correlation is not None:
            loss = loss + self.correlation(out, batch, done)
        return loss, shown


def _voice_terms(
    out: Separated, batch: Batch, done: float, stft_config: StftConfig, *, separation: bool = True
) -> tuple[Tensor, Tensor]:
    """Loss of the voices that faces gave, and (2,): SI-SDR in dB, share of lags found to a frame.

    Args:
        separation: how good the voices are counts; otherwise the lag alone does.
    """
    active = _active(batch)
    score = si_sdr(out.wave, batch["targets"].flatten(0, 1))
    loss, hits = score.new_zeros(()), score.new_full((), torch.nan)
    if separation:
        loss = _separation_terms(out, batch, done, stft_config, score)
    if out.lag_logits.numel():
        lag = batch["lag"].flatten() + out.lag_logits.shape[1] // 2
        cross_entropy = nn.functional.cross_entropy(out.lag_logits[active], lag[active])
        loss = loss + (3.0 - 2.0 * min(1.0, done / 0.5)) * cross_entropy
        hits = ((out.lag_logits.argmax(-1) - lag).abs()[active] <= 1).float().mean()
    return loss, torch.stack([score[active].mean().detach(), hits])


def _separation_terms(out: Separated, batch: Batch, done: float, stft_config: StftConfig, score: Tensor) -> Tensor:
    """Loss of the voices themselves; score: (2 B,), their SI-SDR in dB."""
    silent, active = batch["silent"].flatten(), _active(batch)
    distance = compressed_magnitude_l1(out.spectrum, batch["targets"].flatten(0, 1), stft_config)
    loss = -score[active].clamp(max=30).mean() + 10 * distance[active].mean()
    if silent.any():
        mixture = batch["mixture"].repeat_interleave(2, 0)
        left = out.wave[silent].square().mean(-1) / mixture[silent].square().mean(-1)
        loss = loss + 0.05 * (10 * torch.log10(left + 1e-3)).sum() / len(silent) * 10
    if done < 0.7:
        crossed = batch["targets"].flip(1).flatten(0, 1)
        pairs = active & ~silent.view(-1, 2).flip(1).flatten()
        loss = loss + 0.5 * swap_hinge(score, si_sdr(out.wave, crossed))[pairs].sum() / max(int(pairs.sum()), 1)
    return loss


def _compact_lesson(network: CompactSeparator, batch: Batch, done: float) -> tuple[Separated, Tensor, Tensor]:
    config, targets = network.config, batch["targets"].flatten(0, 1)
    filmed, silent = ~batch["unseen"].flatten(), batch["silent"].flatten()
    loud = ~silent.view(-1, 2).any(1)
    heard = network.hear(batch["mixture"])
    slots = network.blind(heard)
    blind, order = best_order(slots, batch["targets"], config.stft)
    own_slot = torch.stack([order, 1 - order], 1).flatten()  # which slot holds target 0, target 1
    start = nn.functional.one_hot(own_slot, 2).float()
    start[~loud.repeat_interleave(2) | (torch.rand(len(start), device=start.device) < 0.15)] = torch.nan
    lips, seen = batch["lips"].flatten(0, 1), batch["seen"].flatten(0, 1)
    lag, alone = _known_lags(batch, done, network), bool(torch.rand(()) < 0.2)
    out = network.steer(heard, slots, lips, seen, faces=2, lag=lag, slot=start, alone=alone)
    loss, shown = _voice_terms(out, batch, done, config.stft)

    level = targets.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-4)
    sounds = sounding(targets, config.stft.hop_samples)
    loss = loss + _ACTIVITY * nn.functional.binary_cross_entropy_with_logits(out.activity[filmed], sounds[filmed])
    loss = loss + judging_loss(out, batch, config.stft.hop_samples)
    told = compressed_magnitude(stft(targets / level, config.stft))
    loss = loss + 5 * (out.hint - told)[filmed].abs().mean()
    loss = loss + blind[loud].sum() / max(int(loud.sum()), 1)
    choosing = loud.repeat_interleave(2) & filmed
    slot_hits = shown.new_full((), torch.nan)
    if choosing.any():
        chosen, choice = own_slot[choosing], out.choice[choosing]
        loss = loss + 3 * nn.functional.cross_entropy(choice, chosen)
        slot_hits = (choice.argmax(1) == chosen).float().mean()
    if len(batch["blind_mixture"]):
        unfilmed, _ = best_order(network(batch["blind_mixture"], None, None), batch["blind_targets"], config.stft)
        loss = loss + 0.5 * unfilmed.mean()
    return out, loss, torch.stack([shown[0], -blind[loud].mean().detach(), slot_hits, shown[1]])


def judging_loss(out: Separated, batch: Batch, hop_samples: int) -> Tensor:
    """Error of what the judge thinks of the voices of all faces."""
    filmed, mixture = ~batch["unseen"].flatten(), batch["mixture"].repeat_interleave(2, 0)
    right = improvement_db(out.wave.detach(), batch["targets"].flatten(0, 1), mixture, hop_samples)
    return nn.functional.smooth_l1_loss(out.quality[filmed] / _QUALITY_DB, right[filmed] / _QUALITY_DB)


def best_order(out: Separated, targets: Tensor, config: StftConfig) -> tuple[Tensor, Tensor]:
    """Permutation-invariant loss of two blind slots.

    Args:
        out: rows mixture by mixture, slot by slot. targets: (B, 2, T).

    Returns:
        (B,) -SI-SDR + 10 L1 of ^0.3 magnitudes under the better order; (B,) int64, the slot that holds target 0.
    """
    losses = []
    for order in ((0, 1), (1, 0)):
        wanted = targets[:, order].flatten(0, 1)
        fit = -si_sdr(out.wave, wanted).clamp(max=30)
        losses.append((fit + 10 * compressed_magnitude_l1(out.spectrum, wanted, config)).view(-1, 2).mean(-1))
    best, order_index = torch.stack(losses).min(0)
    return best, order_index


def _active(batch: Batch) -> Tensor:
    """(2 B,) bool: the face is seen and its voice sounds."""
    return ~batch["unseen"].flatten() & ~batch["silent"].flatten()


def _known_lags(batch: Batch, done: float, network: Any) -> Tensor:
    """(2 B, 2 K + 1) one-hot, more and more rows NaN ("find it yourself") between 15 % and 50 % of the run."""
    reach: int = network.config.max_lag_frames
    lag = batch["lag"].flatten() + reach
    known = nn.functional.one_hot(lag, 2 * reach + 1).float()
    known[torch.rand(len(lag), device=lag.device) < (done - 0.15) / 0.35] = torch.nan
    return known

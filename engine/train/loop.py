"""The training loop: draw, separate, score, step; validate and checkpoint; resume exactly."""

from __future__ import annotations

import copy
import csv
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.audio.stft import compressed_magnitude, stft
from engine.cache import write_then_rename
from engine.checkpoint import count_parameters, exponential_average, save_weights
from engine.config import CompactConfig, TrainConfig, read_train_config, to_dict
from engine.data.mixtures import Batch, Mixer, lips_at
from engine.data.pack import SAMPLE_RATE_HZ, Clip, Pack
from engine.data.recipe import draw_recipe
from engine.errors import InputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.losses.separation import compressed_magnitude_l1, si_sdr, swap_hinge
from engine.models.compact import CompactSeparator
from engine.models.separated import Separated

_TRAIN_CURVE = ("train_si_sdr_db", "blind_minus_loss", "slot_accuracy", "lag_accuracy")
_CURVE = ("step", "minutes", *_TRAIN_CURVE, "corpus", "si_sdri_db", "wrong")


def run(
    config_path: Path,
    *,
    resume: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> dict[str, Any]:
    """Train as a TOML file says (`avsep train`).

    Args:
        resume: go on from the run's last checkpoint; the result is as if it had never stopped.

    Returns:
        run_dir, step, best {metric, value}.

    Raises:
        InputError: no configuration, no training set, or a run is there already and `resume` was not asked for.
    """
    config = read_train_config(config_path)
    cancel = cancel or CancelToken()
    folder = Path(config.run_dir)
    state_file = folder / "state.pt"
    if state_file.exists() and not resume:
        raise InputError(f"There is a training run in {folder}.", "Add --resume to go on, or name another run_dir.")
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = torch.device(config.device)

    pack = Pack(Path(config.pack))
    mixer = Mixer(pack, config)
    model = CompactSeparator(config.model)
    set_visual_scale(model, mixer)
    if config.init:
        load_what_fits(model, Path(config.init))
    model = model.to(device)
    average = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    state: dict[str, Any] = {"step": 0, "seconds": 0.0, "best": -math.inf}
    if resume and state_file.exists():
        state = _restore(state_file, model, average, optimizer)

    started = time.monotonic() - state["seconds"]
    recent: list[tuple[float, ...]] = []
    model.train()
    while state["step"] < config.steps:
        cancel.checkpoint()
        step = state["step"]
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step, config)
        loss, seen = objective(model, _to(mixer.batch(step), device), step / config.steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        if torch.isfinite(norm):
            optimizer.step()
            exponential_average(average, model, min(config.ema, (1 + step) / (10 + step)))
        recent.append(seen)
        state["step"] = step = step + 1
        on_progress(Progress("Training", step, config.steps))
        last = step == config.steps
        if step % config.validate_every == 0 or last:
            minutes = (time.monotonic() - started) / 60
            scores = validate(average, pack, device)
            _append_curve(folder, step, minutes, np.nanmean(recent, 0), scores)
            recent.clear()
            value = float(np.mean([s["si_sdri"] for s in scores.values()]))
            if value > state["best"]:
                state["best"] = value
                save_weights(folder / "best.safetensors", average, model_card(config, step, scores))
        if step % config.checkpoint_every == 0 or last:
            state["seconds"] = time.monotonic() - started
            _store(state_file, state, model, average, optimizer)
    return {"run_dir": str(folder), "step": state["step"], "best": {"metric": "val_si_sdri_db", "value": state["best"]}}


def load_what_fits(model: CompactSeparator, weights: Path) -> None:
    """Start from an earlier run: every tensor whose name fits, cut or padded where only its size grew."""
    stored = load_file(weights)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name in stored and stored[name].ndim == value.ndim:
                region = tuple(slice(0, min(a, b)) for a, b in zip(value.shape, stored[name].shape, strict=True))
                value.zero_()
                value[region].copy_(stored[name][region])


def schedule(step: int, config: TrainConfig) -> float:
    """Share of the learning rate: linear warm-up, flat, then half a cosine to 1 %."""
    if step < config.warm_up_steps:
        return (step + 1) / config.warm_up_steps
    done = (step / config.steps - config.decay_from) / (1 - config.decay_from)
    return 1.0 if done <= 0 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def objective(model: CompactSeparator, batch: dict[str, Tensor], done: float) -> tuple[Tensor, tuple[float, ...]]:
    """The training loss of a batch (models.md 10), and what the curve shows of it: see `_TRAIN_CURVE`.

    -SI-SDR (clipped at 30 dB) + 10 L1 of ^0.3 magnitudes, both faces of each mixture; energy where a face is silent;
    5 L1 of what the lips alone tell of the spectrum; cross-entropy of the lag, weight 3 decaying to 0.3; a swap hinge
    until 70 %; the permutation-invariant loss of the blind slots, and cross-entropy of the choice between
    them. The known lag is given to the network at first, so that it learns to use the lips before it has to find their
    delay; the known slot in most items throughout, since a choice that is still unsure teaches the steered
    pass to hedge with the whole mixture.
    """
    config = model.config
    targets = batch["targets"].flatten(0, 1)  # (B, 2, T) -> (2 B, T)
    lag = batch["lag"].flatten() + config.max_lag_frames
    silent = batch["silent"].flatten()
    forced = torch.nn.functional.one_hot(lag, 2 * config.max_lag_frames + 1).float()
    own = torch.rand(len(lag), device=lag.device) < (done - 0.15) / 0.35
    forced[own] = torch.nan
    filmed = ~batch["unseen"].flatten()
    active = filmed & ~silent
    loud = ~silent.view(-1, 2).any(1)
    heard = model.hear(batch["mixture"])
    slots = model.blind(heard)
    blind, order = best_order(slots, batch["targets"], config)
    own_slot = torch.stack([order, 1 - order], 1).flatten()  # which slot holds target 0, target 1
    start = torch.nn.functional.one_hot(own_slot, 2).float()
    start[~loud.repeat_interleave(2) | (torch.rand(len(start), device=start.device) < 0.15)] = torch.nan
    lips, seen = batch["lips"].flatten(0, 1), batch["seen"].flatten(0, 1)
    alone = bool(torch.rand(()) < 0.2)
    out = model.steer(heard, slots, lips, seen, faces=2, lag=forced, slot=start, alone=alone)
    score = si_sdr(out.wave, targets)
    distance = compressed_magnitude_l1(out.spectrum, targets, config.stft)
    loss = -score[active].clamp(max=30).mean() + 10 * distance[active].mean()

    mixture = batch["mixture"].repeat_interleave(2, 0)
    if silent.any():
        left = out.wave[silent].square().mean(-1) / mixture[silent].square().mean(-1)
        loss = loss + 0.05 * (10 * torch.log10(left + 1e-3)).sum() / len(silent) * 10
    level = targets.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-4)
    told = compressed_magnitude(stft(targets / level, config.stft))
    loss = loss + 5 * (out.hint - told)[filmed].abs().mean()
    cross_entropy = torch.nn.functional.cross_entropy(out.lag_logits[active], lag[active])
    loss = loss + (3.0 - 2.7 * min(1.0, done / 0.5)) * cross_entropy
    if done < 0.7:
        crossed = batch["targets"].flip(1).flatten(0, 1)
        pairs = active & active.view(-1, 2).flip(1).flatten()
        loss = loss + 0.5 * swap_hinge(score, si_sdr(out.wave, crossed))[pairs].mean()
    loss = loss + blind[loud].mean()
    choosing = loud.repeat_interleave(2) & filmed
    chosen, choice = own_slot[choosing], out.choice[choosing]
    loss = loss + 3 * torch.nn.functional.cross_entropy(choice, chosen)
    slot_hits = (choice.argmax(1) == chosen).float().mean().item()
    if len(batch["blind_mixture"]):
        unfilmed, _ = best_order(model(batch["blind_mixture"], None, None), batch["blind_targets"], config)
        loss = loss + 0.5 * unfilmed.mean()
    hits = (out.lag_logits.argmax(-1) - lag).abs()[active] <= 1
    return loss, (score[active].mean().item(), -blind[loud].mean().item(), slot_hits, hits.float().mean().item())


def best_order(out: Separated, targets: Tensor, config: CompactConfig) -> tuple[Tensor, Tensor]:
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
        losses.append((fit + 10 * compressed_magnitude_l1(out.spectrum, wanted, config.stft)).view(-1, 2).mean(-1))
    best, order_index = torch.stack(losses).min(0)
    return best, order_index


def set_visual_scale(model: CompactSeparator, mixer: Mixer) -> None:
    """Give the network the spread of every lip feature over the training clips."""
    clips = mixer.filmed["any"][:: max(1, len(mixer.filmed["any"]) // 200)]
    rows = [mixer.pack.lips[c.video_start : c.video_start + c.video_frames].astype(np.float32) for c in clips]
    spread = np.concatenate(rows).std(0).clip(1e-5)
    model.lips.set_scale(torch.from_numpy(spread))


@torch.inference_mode()
def validate(model: CompactSeparator, pack: Pack, device: torch.device, count: int = 40) -> dict[str, dict[str, float]]:
    """SI-SDRi in dB and wrong-talker rate per corpus, on fixed mixtures of the validation speakers."""
    scores: dict[str, dict[str, float]] = {}
    by_name = {c.name: c for c in pack.clips}
    for corpus in sorted({c.corpus for c in pack.clips if c.split == "val" and c.video_frames}):
        gains, wrong = [], []
        for row in draw_recipe(pack.clips, corpus, "val", count, seed=11):
            sounds, lips, seen = [], [], []
            for name, start_s in ((row.target, row.target_start_s), (row.interferer, row.interferer_start_s)):
                sound, features, inside = _cut(pack, by_name[name], start_s, row.seconds, model.config.max_lag_frames)
                sounds.append(sound)
                lips.append(features)
                seen.append(inside)
            sounds[1] = sounds[1] * np.float32(10 ** (-row.sir_db / 20))
            targets = torch.from_numpy(np.stack(sounds)).to(device)
            mixture = targets.sum(0, keepdim=True)
            faces = torch.from_numpy(np.stack(lips)).to(device), torch.from_numpy(np.stack(seen)).to(device)
            estimates = model(mixture, *faces, faces=2).wave
            own = si_sdr(estimates, targets)
            gains += (own - si_sdr(mixture.expand_as(targets), targets)).tolist()
            wrong += (si_sdr(estimates, targets.flip(0)) > own).tolist()
        scores[corpus] = {"si_sdri": float(np.mean(gains)), "wrong": float(np.mean(wrong))}
    return scores


def _cut(pack: Pack, clip: Clip, start_s: float, seconds: float, margin: int) -> tuple[Any, Any, Any]:
    at = clip.audio_start + round(start_s * SAMPLE_RATE_HZ)
    sound = pack.audio[at : at + round(seconds * SAMPLE_RATE_HZ)].astype(np.float32)
    frames = round(seconds * 25)
    lips, seen = lips_at(pack, clip, np.arange(-margin, frames + margin) + start_s * 25)
    return sound / max(float(sound.std()), 1.0), lips, seen


def model_card(config: TrainConfig, step: int, scores: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What is stored beside weights: how to build the model, how it was trained, how it validated."""
    return {
        "architecture": "compact",
        "config": to_dict(config.model),
        "training": {**to_dict(config), "model": None, "pack": None, "run_dir": None, "step": step},
        "validation": scores,
        "parameters": count_parameters(CompactSeparator(config.model)),
    }


def _to(batch: Batch, device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value).to(device) for name, value in vars(batch).items()}


def _store(
    path: Path, state: dict[str, Any], model: CompactSeparator, average: CompactSeparator, optimizer: Any
) -> None:
    parts = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
    with write_then_rename(path) as part:
        torch.save({**state, **parts, "random": torch.get_rng_state()}, part)


def _restore(path: Path, model: CompactSeparator, average: CompactSeparator, optimizer: Any) -> dict[str, Any]:
    stored = torch.load(path, weights_only=True)
    model.load_state_dict(stored["model"])
    average.load_state_dict(stored["average"])
    optimizer.load_state_dict(stored["optimizer"])
    torch.set_rng_state(stored["random"])
    return {key: stored[key] for key in ("step", "seconds", "best")}


def _append_curve(folder: Path, step: int, minutes: float, train: Any, scores: dict[str, dict[str, float]]) -> None:
    path = folder / "curve.csv"
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(_CURVE)
        for corpus, score in scores.items():
            row = [*(f"{v:.3f}" for v in train), corpus, f"{score['si_sdri']:.3f}", f"{score['wrong']:.3f}"]
            writer.writerow([step, f"{minutes:.1f}", *row])

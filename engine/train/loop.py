"""The training loop: draw, separate, score, step; validate and checkpoint; resume exactly.

One process or many: Lightning Fabric places the network, scales the precision and averages the gradients of several
GPUs or machines (`torchrun --nproc-per-node N -m engine.cli train CONFIG`). A step's batches, and what chance decides
in each, depend on seed and number alone, so that one process with `accumulate = 2` learns as two processes do.
"""

from __future__ import annotations

import copy
import csv
import math
import time
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from engine.cache import write_then_rename
from engine.checkpoint import count_parameters, exponential_average, save_weights
from engine.config import TrainConfig, read_train_config, to_dict
from engine.data.mixtures import Mixer
from engine.data.pack import Pack
from engine.errors import InputError, ModelError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress
from engine.models.networks import build_network
from engine.train.batch import draw_ahead, numbers, tensors
from engine.train.correlation import build_correlation, judge_optimizer
from engine.train.lesson import CURVE, Lesson
from engine.train.lip_reading import teach_lips
from engine.train.validation import validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_MOST_LOST_STEPS = 20
_MOST_BATCHES = 1 << 32  # of one seed
_COLUMNS = ("step", "minutes", *CURVE, "corpus", "si_sdri_db", "wrong")


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
        run_dir, step, best {metric, value}; the value is None where the set has nobody to validate on, and the weights
        kept are then the last.

    Raises:
        InputError: no configuration, no training set, or a run is there already and `resume` was not asked for.
        UsageError: a setting is refused, or the network sees pictures and the training set has none.
        OutputError: a checkpoint cannot be written, for instance since the disk is full; the last one stays.
        ModelError: the launcher is not installed, the checkpoint to go on from is damaged, or gradients are no longer
            numbers; the last checkpoint stays.
    """
    config = read_train_config(config_path)
    cancel = cancel or CancelToken()
    folder = Path(config.run_dir)
    state_file = folder / "state.pt"
    if state_file.exists() and not resume:
        raise InputError(f"There is a training run in {folder}.", "Add --resume to go on, or name another run_dir.")
    folder.mkdir(parents=True, exist_ok=True)
    fabric = _launch(config)

    pack = Pack(Path(config.pack))
    mixer = Mixer(pack, config)
    torch.manual_seed(config.seed)
    correlation = build_correlation(config, mixer, fabric.device) if config.correlation else None
    torch.manual_seed(config.seed)
    lesson = Lesson(build_network(config.architecture, config.model), config.model.stft, correlation)
    network: Any = lesson.network
    network.set_scale(torch.from_numpy(mixer.spread_of_lips()))
    if config.init:
        load_what_fits(network, Path(config.init))
    if config.lip_steps and not (resume and state_file.exists()):
        network.to(fabric.device)
        teach_lips(
            network, mixer, config, fabric.device, partial(_lips_progress, on_progress, cancel, config.lip_steps)
        )
    average = copy.deepcopy(network).eval().to(fabric.device)
    optimizer = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    taught, optimizer = fabric.setup(lesson, optimizer)
    judging = judge_optimizer(correlation)
    parts: dict[str, Any] = {"model": network, "average": average, "optimizer": optimizer}
    if correlation is not None and judging is not None:
        parts |= {"embedders": correlation.embedders, "judging": judging}
    state: dict[str, Any] = {"step": 0, "seconds": 0.0, "best": -math.inf}
    if resume and state_file.exists():
        state = _restore(state_file, parts)

    started = time.monotonic() - state["seconds"]
    recent: list[list[float]] = []
    lost = 0
    drawn = draw_ahead(mixer, state["step"], config, fabric.global_rank)
    taught.train()
    while state["step"] < config.steps:
        cancel.checkpoint()
        step = state["step"]
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * schedule(step, config)
        optimizer.zero_grad(set_to_none=True)
        told: list[torch.Tensor] = []
        for number in numbers(config, step, fabric.global_rank):
            torch.manual_seed(config.seed * _MOST_BATCHES + number)
            batch = tensors(next(drawn), fabric.device)
            with fabric.no_backward_sync(taught, enabled=len(told) < config.accumulate - 1):
                loss, seen = taught(batch, step / config.steps)
                fabric.backward(loss / config.accumulate)
            told.append(seen)
        norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        lost = 0 if torch.isfinite(norm) else lost + 1
        if lost == 0:
            optimizer.step()
            exponential_average(average, network, min(config.ema, (1 + step) / (10 + step)))
        elif lost == _MOST_LOST_STEPS:
            raise ModelError(
                f"The gradients have not been finite for {lost} steps (step {step}).",
                "Lower learning_rate, then go on from the last checkpoint with --resume.",
            )
        if correlation is not None and judging is not None and (wrong := correlation.judge_loss(step)) is not None:
            judging.zero_grad(set_to_none=True)
            wrong.backward()  # type: ignore[no-untyped-call]
            judging.step()
        recent.append(_mean_of_all(fabric, told))
        state["step"] = step = step + 1
        on_progress(Progress("Training", step, config.steps))
        last = step == config.steps
        if (step % config.validate_every == 0 or last) and fabric.is_global_zero:
            minutes = (time.monotonic() - started) / 60
            samples, count = folder / "samples" / f"{step:07d}", config.validation_mixtures
            scores = validate(average, pack, fabric.device, count=count, samples=samples)
            _append_curve(folder, step, minutes, recent, scores)
            recent.clear()
            value = float(np.mean([s["si_sdri"] for s in scores.values()])) if scores else -math.inf
            if value > state["best"] or not scores:  # nobody to validate on: the last weights are as good as any
                state["best"] = value
                save_weights(folder / "best.safetensors", average, model_card(config, step, scores, average))
        if (step % config.checkpoint_every == 0 or last) and fabric.is_global_zero:
            state["seconds"] = time.monotonic() - started
            _store(state_file, state, parts)
    best = state["best"] if math.isfinite(state["best"]) else None
    return {"run_dir": str(folder), "step": state["step"], "best": {"metric": "val_si_sdri_db", "value": best}}


def _mean_of_all(fabric: Fabric, told: list[torch.Tensor]) -> list[float]:
    """What the batches of a step told, on average over all processes; what one does not tell counts for nothing."""
    every: Any = fabric.all_gather(torch.stack(told))
    every = every.reshape(-1, len(told[0]))
    mean: list[float] = torch.nanmean(every, 0).tolist()
    return mean


def _lips_progress(on_progress: ProgressCallback, cancel: CancelToken, steps: int, step: int) -> None:
    cancel.checkpoint()
    on_progress(Progress("Teaching lips", step, steps))


def _launch(config: TrainConfig) -> Fabric:
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise ModelError("Training needs the package lightning-fabric.", "Install AVSep with avsep[train].") from error
    torch.set_num_threads(config.threads)
    strategy = "ddp_find_unused_parameters_true" if config.devices * config.nodes > 1 else "auto"
    precision: Any = config.precision
    fabric = Fabric(
        accelerator=config.device,
        strategy=strategy,
        devices=config.devices,
        num_nodes=config.nodes,
        precision=precision,
    )
    fabric.launch()
    return fabric


def load_what_fits(model: nn.Module, weights: Path) -> None:
    """Start from an earlier run: every tensor whose name fits, cut or padded where only its size grew.

    Raises:
        InputError: there are no such weights.
    """
    try:
        stored = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise InputError(f"Cannot read the weights to start from, {weights}: {error}", "Correct `init`.") from error
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


def model_card(
    config: TrainConfig, step: int, scores: dict[str, dict[str, float]], network: nn.Module
) -> dict[str, Any]:
    """What is stored beside weights: how to build the model, how it was trained, how it validated."""
    return {
        "architecture": config.architecture,
        "config": to_dict(config.model),
        "training": {**to_dict(config), "model": None, "pack": None, "run_dir": None, "step": step},
        "validation": scores,
        "parameters": count_parameters(network),
    }


def _store(path: Path, state: dict[str, Any], parts: dict[str, Any]) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    with write_then_rename(path) as part:
        torch.save({**state, **states}, part)


def _restore(path: Path, parts: dict[str, Any]) -> dict[str, Any]:
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
        for name, part in parts.items():
            part.load_state_dict(stored[name])
    except (UnpicklingError, RuntimeError, KeyError, ValueError, EOFError, OSError) as error:
        raise ModelError(
            f"The checkpoint {path} is damaged, or of a run with other settings.",
            "Correct the configuration, or begin again in another run_dir.",
            details=str(error),
        ) from error
    return {key: stored[key] for key in ("step", "seconds", "best")}


def _append_curve(
    folder: Path, step: int, minutes: float, recent: list[list[float]], scores: dict[str, dict[str, float]]
) -> None:
    path = folder / "curve.csv"
    new = not path.exists()
    train = np.ma.masked_invalid(recent).mean(0).filled(np.nan)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(_COLUMNS)
        nobody = {"": {"si_sdri": math.nan, "wrong": math.nan}}
        for corpus, score in (scores or nobody).items():
            row = [*(f"{v:.3f}" for v in train), corpus, f"{score['si_sdri']:.3f}", f"{score['wrong']:.3f}"]
            writer.writerow([step, f"{minutes:.1f}", *row])

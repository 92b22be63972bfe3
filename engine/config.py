"""Settings of models and training: frozen, checked when built, read and written as one TOML or JSON file."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from engine.errors import InputError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class StftConfig:
    """Short-time Fourier transform at the model's rate: 25 ms Hann windows every 10 ms by default."""

    sample_rate_hz: int = 16_000
    n_fft: int = 512
    window_samples: int = 400
    hop_samples: int = 160

    @property
    def bins(self) -> int:
        """Frequency bins F of the one-sided spectrum."""
        return self.n_fft // 2 + 1


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of the network that ships (`engine.models.compact`).

    Attributes:
        complex_channels: width of the complex encoder and decoder.
        channels: width C of the magnitude-domain stream.
        visual_channels: width of the lip stream and of the affinity space.
        visual_features: features per video frame that go in.
        context_blocks: residual blocks on the mixture alone, before the affinity.
        modulated_blocks: residual blocks after it, each modulated by the lips.
        max_lag_frames: K, the largest delay between sound and picture, in video frames.
        video_per_audio: r, video frames per audio frame.
        frame_locked: take the lips as they stand against the sound, without affinity: the comparator.
    """

    stft: StftConfig = field(default_factory=StftConfig)
    complex_channels: int = 64
    channels: int = 160
    visual_channels: int = 128
    visual_features: int = 240
    visual_blocks: int = 5
    context_blocks: int = 4
    modulated_blocks: int = 8
    heads: int = 4
    dropout: float = 0.05
    max_lag_frames: int = 10
    video_per_audio: float = 0.25
    frame_locked: bool = False

    def __post_init__(self) -> None:
        if self.channels % self.heads or self.visual_channels % self.heads:
            raise UsageError(f"{self.heads} heads do not divide {self.channels}.", "Choose a divisor.")


@dataclass(frozen=True)
class AvBaselineConfig:
    """Sizes of the frame-locked baseline (`engine.models.av_baseline`); the defaults are compact.

    Attributes:
        lips: front end, "landmarks" (motion of landmarks) or "pixels" (pictures of the mouth).
        face: "attributes" (a face recogniser's vector), "picture" or "none".
        base_channels: width of the U-Net's first stage; its widest have eight times as many.
        lip_channels, face_channels: of the two visual features.
        visual_channels, visual_blocks, heads: of the landmark encoder.
        max_lag_frames, video_per_audio, visual_features: as in `CompactConfig`; the margin of K frames is not used.
    """

    stft: StftConfig = field(default_factory=StftConfig)
    lips: str = "landmarks"
    face: str = "attributes"
    base_channels: int = 16
    lip_channels: int = 128
    face_channels: int = 32
    visual_channels: int = 128
    visual_features: int = 240
    visual_blocks: int = 5
    heads: int = 4
    dropout: float = 0.05
    max_lag_frames: int = 10
    video_per_audio: float = 0.25

    @classmethod
    def published(cls) -> AvBaselineConfig:
        """The sizes of models.md 2.2."""
        return cls(lips="pixels", face="picture", base_channels=64, lip_channels=512, face_channels=128, dropout=0.2)

    def __post_init__(self) -> None:
        if self.lips not in ("landmarks", "pixels") or self.face not in ("attributes", "picture", "none"):
            raise UsageError(
                f"There is no front end {self.lips!r} with face {self.face!r}.",
                'lips is "landmarks" or "pixels", face is "attributes", "picture" or "none".',
            )
        if self.visual_channels % self.heads:
            raise UsageError(f"{self.heads} heads do not divide {self.visual_channels}.", "Choose a divisor.")
        rows = self.stft.bins - 1
        if rows < 8 or rows & (rows - 1):
            raise UsageError(f"A U-Net cannot halve {rows} frequency rows to one.", "Make n_fft a power of two, >= 16.")
        if self.video_per_audio != 0.25:
            raise UsageError(f"video_per_audio is {self.video_per_audio}, not 0.25.", "The U-Net quarters time.")


@dataclass(frozen=True)
class CaffNetConfig:
    """Sizes of CaffNet and CaffNet-C as the paper draws them (`engine.models.caffnet`); the defaults are compact.

    Attributes:
        complex_domain: complex encoder and decoder, CaffNet-C.
        channels: width C of both streams and of the affinity space.
        audio_blocks: of the magnitude encoder, and of its decoder (CaffNet).
        complex_maps: complex channels of the five encoder stages (CaffNet-C).
        max_lag_frames, video_per_audio, visual_features: as in `CompactConfig`.
    """

    stft: StftConfig = field(default_factory=StftConfig)
    complex_domain: bool = True
    channels: int = 128
    visual_features: int = 240
    visual_blocks: int = 5
    audio_blocks: int = 5
    complex_maps: tuple[int, ...] = (8, 12, 16, 24, 32)
    non_local_layers: int = 1
    heads: int = 4
    dropout: float = 0.05
    max_lag_frames: int = 10
    video_per_audio: float = 0.25

    @classmethod
    def published(cls, *, complex_domain: bool) -> CaffNetConfig:
        """The sizes of models.md 3.2."""
        return cls(
            complex_domain=complex_domain,
            channels=512,
            visual_blocks=10,
            complex_maps=(16, 32, 64, 128, 128),
            non_local_layers=2,
            heads=8,
        )

    def __post_init__(self) -> None:
        if self.channels % self.heads:
            raise UsageError(f"{self.heads} heads do not divide {self.channels}.", "Choose a divisor.")
        object.__setattr__(self, "complex_maps", tuple(self.complex_maps))  # JSON and TOML give lists


ModelConfig = CompactConfig | CaffNetConfig | AvBaselineConfig
ARCHITECTURES: dict[str, type[ModelConfig]] = {
    "compact": CompactConfig,
    "caffnet": CaffNetConfig,
    "av-baseline": AvBaselineConfig,
}


class Sight(NamedTuple):
    """What a network sees as pictures; the rest it sees as landmarks and face vectors."""

    mouths: bool
    faces: bool


def sight(config: ModelConfig) -> Sight:
    """What the network of a configuration sees as pictures."""
    if not isinstance(config, AvBaselineConfig):
        return Sight(mouths=False, faces=False)
    return Sight(mouths=config.lips == "pixels", faces=config.face == "picture")


Range = tuple[float, float]


@dataclass(frozen=True)
class MixConfig:
    """How training mixtures are made (`engine.data.mixtures`), the table [mix] of a training file.

    Shares are 0 to 1, and what a share of 0 switches off is not drawn; ranges are (low, high), drawn uniformly.

    Attributes:
        sir_db: first target over second; wide_sir_db in wide_sir_share of the mixtures.
        single_share: mixtures with one voice only, and one face. listener_share: one of two faces says nothing.
        turn_share: of the other mixtures of two faces, those in which one talks first and then the other; overlap_s, by
            how much the second begins before the first has ended.
        three_talker_share, four_talker_share: mixtures with one or two further voices, without a face, extra_talker_db
            below the first target. bystander_share: of the others, with one voice bystander_db below it.
        common_talker_share: of the pairs of mixtures 2k, 2k + 1 of a batch, those that are A1 + B and A2 + B: two clips
            of one person with the same voice B (`engine.losses.visualvoice`).
        noise_share, noise_snr_db: recorded noise (`engine.data.noise`), below all voices together.
        hiss_share, hiss_snr_db: coloured noise, below the first target.
        room_share: mixtures in a room of reverberation time rt60_s; direct_db, energy of the direct sound over all
            that follows it. early_ms: what follows within that time belongs to the target.
        level_share, level_dbfs: filmed mixtures brought to this level; the others are as loud as the first target at 1.
        jitter_share, jitter_frames: faces whose pictures are each up to so many frames early or late.
        repeat_share: faces that freeze for burst_frames. gap_share: faces not seen for burst_frames.
        face_loss_share: mixtures of two that speak, one of whose faces is not seen at all.
        landmark_noise: standard deviation of noise on the lips' positions, as a share of theirs.
    """

    sir_db: Range = (-5.0, 5.0)
    wide_sir_db: Range = (-10.0, 10.0)
    wide_sir_share: float = 0.3
    single_share: float = 0.0
    listener_share: float = 0.1
    turn_share: float = 0.0
    overlap_s: Range = (-0.5, 0.8)
    three_talker_share: float = 0.0
    four_talker_share: float = 0.0
    extra_talker_db: Range = (0.0, 10.0)
    bystander_share: float = 0.15
    bystander_db: Range = (3.0, 15.0)
    common_talker_share: float = 0.0
    noise_share: float = 0.0
    noise_snr_db: Range = (0.0, 20.0)
    hiss_share: float = 0.15
    hiss_snr_db: Range = (8.0, 25.0)
    room_share: float = 0.0
    rt60_s: Range = (0.15, 0.6)
    direct_db: Range = (-3.0, 12.0)
    early_ms: float = 50.0
    level_share: float = 0.0
    level_dbfs: Range = (-35.0, -15.0)
    jitter_share: float = 0.0
    jitter_frames: float = 1.0
    repeat_share: float = 0.0
    gap_share: float = 0.15
    burst_frames: tuple[int, int] = (1, 15)
    face_loss_share: float = 0.0
    landmark_noise: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).copy().items():
            if isinstance(value, tuple | list):
                object.__setattr__(self, name, tuple(value))  # JSON and TOML give lists
                if len(value) != 2 or value[0] > value[1]:
                    raise UsageError(f"mix.{name} is {value}, not a low and a high value.", "Give two numbers.")
            elif name.endswith("_share") and not 0 <= value <= 1:
                raise UsageError(f"mix.{name} is {value}, not a share.", "Give 0 to 1.")
        if self.three_talker_share + self.four_talker_share > 1:
            raise UsageError("More than all mixtures have three or four talkers.", "Lower one of the two shares.")
        lowest = {"rt60_s": self.rt60_s[0] - 0.01, "burst_frames": self.burst_frames[0] - 1, "early_ms": self.early_ms}
        lowest |= {"jitter_frames": self.jitter_frames, "landmark_noise": self.landmark_noise}
        for name, above in lowest.items():
            if above < 0:
                raise UsageError(f"mix.{name} is {getattr(self, name)}: too small.", "Raise it.")


@dataclass(frozen=True)
class TrainConfig:
    """A training run.

    Attributes:
        architecture: a key of `ARCHITECTURES`. model: its sizes.
        pack: folder of the training set (`engine.data.pack`).
        run_dir: where checkpoints and curves go.
        window_frames: audio frames N per training item.
        mixtures_per_step: filmed mixtures per step, process and batch; each is learnt for both faces.
        blind_per_step: as many unfilmed two-talker mixtures per step, learnt without a face (permutation-invariant).
        corpora: share of filmed mixtures drawn within each corpus; "any" pairs clips across corpora.
        first_corpus, first_share: for this share of the steps only this corpus is filmed (curriculum).
        unseen_share: share of filmed mixtures whose second talker has no face; out of all voices that are packed.
        mix: everything else of how mixtures are made.
        validation_mixtures: per corpus. threads: of the CPU. workers: processes that draw batches
            ahead, 0 for none; what is drawn does not depend on them.
        device: accelerator by Fabric's name, "cpu", "cuda" or "auto".
        devices, nodes: GPUs (or processes) of each machine, and machines. accumulate: batches of each of them whose
            gradients are averaged for a step. precision: "32-true" or "bf16-mixed".
        correlation: "", or what voice and picture must share (`engine.train.correlation`): "cmc", "triplet",
            "adversarial" or "visualvoice". correlation_weight: of its terms, beside -SI-SDR in dB.
        embedders: file of the embedders that it needs, made when it is not there. embedder_steps: their training.
        lip_steps: steps in which the lip encoder is taught alone first (`engine.train.lip_reading`).
        init: weights of an earlier run to start from, or "".
    """

    pack: str
    run_dir: str
    architecture: str = "compact"
    model: ModelConfig = field(default_factory=CompactConfig)
    seed: int = 1
    steps: int = 20_000
    window_frames: int = 256
    mixtures_per_step: int = 6
    blind_per_step: int = 2
    corpora: dict[str, float] = field(default_factory=lambda: {"grid": 0.4, "vasp": 0.4, "any": 0.2})
    first_corpus: str = "grid"
    first_share: float = 0.1
    learning_rate: float = 1e-3
    warm_up_steps: int = 300
    decay_from: float = 0.5
    weight_decay: float = 1e-2
    clip_norm: float = 5.0
    ema: float = 0.999
    shift_share: float = 0.5
    max_shift_frames: int = 9
    unseen_share: float = 0.25
    mix: MixConfig = field(default_factory=MixConfig)
    validate_every: int = 1000
    validation_mixtures: int = 40
    checkpoint_every: int = 250
    threads: int = 1
    workers: int = 0
    device: str = "cpu"
    devices: int = 1
    nodes: int = 1
    accumulate: int = 1
    precision: str = "32-true"
    correlation: str = ""
    correlation_weight: float = 1.0
    embedders: str = "runs/embedders.pt"
    embedder_steps: int = 400
    lip_steps: int = 0
    init: str = ""

    @property
    def batches_per_step(self) -> int:
        """Of all processes together."""
        return self.devices * self.nodes * self.accumulate

    def __post_init__(self) -> None:
        if min(self.steps, self.mixtures_per_step, self.accumulate) < 1 or self.window_frames < 16:
            raise UsageError(
                "steps, mixtures_per_step and accumulate must be positive, window_frames 16 or more.",
                "Correct the file.",
            )
        if self.max_shift_frames > self.model.max_lag_frames:
            raise UsageError(
                f"max_shift_frames {self.max_shift_frames} is beyond the model's {self.model.max_lag_frames}.",
                "Lower it, or raise model.max_lag_frames.",
            )


def to_dict(config: Any) -> dict[str, Any]:
    """A config as plain nested values, for JSON."""
    return dataclasses.asdict(config)


def from_dict(kind: type[T], values: dict[str, Any]) -> T:
    """A config from plain nested values.

    Raises:
        UsageError: an unknown key, or a value the config refuses.
    """
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UsageError(f"{kind.__name__} has no setting {unknown[0]!r}.", f"Known are {', '.join(known)}.")
    nested: dict[str, type[Any]] = {"stft": StftConfig, "mix": MixConfig}
    if kind is TrainConfig:
        architecture = values.get("architecture", TrainConfig.architecture)
        if architecture not in ARCHITECTURES:
            raise UsageError(f"There is no architecture {architecture!r}.", f"Known are {', '.join(ARCHITECTURES)}.")
        nested["model"] = ARCHITECTURES[architecture]
        values = {"model": {}, **values}
    built = {k: from_dict(nested[k], v) if k in nested and isinstance(v, dict) else v for k, v in values.items()}
    return kind(**built)


def read_train_config(path: Path) -> TrainConfig:
    """Read a training run from a TOML file.

    Raises:
        InputError: the file is missing or is not TOML. UsageError: a setting is unknown or refused.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read the training configuration {path}: {error}", "Check the file.") from error
    return from_dict(TrainConfig, values)

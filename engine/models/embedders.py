"""Networks that serve the correspondence objectives in training; none of them runs when a voice is isolated.

Voice and lips become vectors at 25 Hz in one space, voice and face vectors per utterance in another, and
discriminators judge whether they belong together. `engine.losses.correspondence`, `correlation` and `visualvoice`
compare them; models.md 4.2 and 5.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from engine.losses.correspondence import Embedded, as_bool, cosine_distance, mask_like, other_talker, unit
from engine.models.blocks import GlobalNorm, Pointwise, ResidualBlock
from engine.models.lips import scaled_with_presence

READY = 0.9
_STRIDES = (2, 2, 1)  # 100 Hz to 25 Hz; strides first, so that a vector hears 290 ms
_KERNEL = 5


@dataclass(frozen=True)
class EmbedderConfig:
    """Which networks an objective needs, and their sizes.

    Attributes:
        lips: lip frames, for phonetic terms. face: face vectors, for identity terms.
        identity_judge, phonetic_judge: discriminators, for adversarial terms.
        paired: discriminators see a voice together with a video; otherwise one embedding at a time (the poster's form).
        channels: C of all embeddings. face_features: length of the face recogniser's vector.
        dropout: share of channels that is dropped while embedders are trained.
    """

    lips: bool = True
    face: bool = False
    identity_judge: bool = False
    phonetic_judge: bool = False
    paired: bool = True
    bins: int = 257
    visual_features: int = 240
    face_features: int = 128
    channels: int = 128
    voice_channels: int = 176
    lip_channels: int = 128
    lip_blocks: int = 3
    judge_channels: int = 256
    dropout: float = 0.1


class VoiceEmbedder(nn.Module):
    """A voice, frame by frame for its sounds and as a whole for its talker; independent of its level.

    What changes over time goes through the convolutions, the mean spectrum straight to the utterance vector: with the
    large constant part of compressed magnitudes in them, frames take several times as many steps to learn.

    Args:
        bins: F. hidden: channels between the convolutions. channels: C of the embeddings.
    """

    def __init__(self, bins: int, hidden: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = bins
        for stride in _STRIDES:
            layers += [GlobalNorm(width), nn.Conv1d(width, hidden, _KERNEL, stride, padding=_KERNEL // 2)]
            layers += [nn.PReLU(hidden), nn.Dropout1d(dropout)]
            width = hidden
        self.trunk = nn.Sequential(*layers, GlobalNorm(hidden))
        self.frames = Pointwise(hidden, channels)
        self.attention = Pointwise(hidden, 1)
        self.utterance = nn.Linear(hidden + bins, channels)

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """Embed.

        Args:
            magnitude: (R, F, N) float32, ^0.3-compressed, 100 frames per second, N a multiple of 4.

        Returns:
            (R, C, N / 4) at 25 Hz, vector m centred on audio frame 4 m; (R, C), the attentive mean. Unit length.

        Raises:
            ValueError: N is not a multiple of 4.
        """
        if magnitude.shape[-1] % 4:
            raise ValueError(f"{magnitude.shape[-1]} audio frames are not a whole number of video frames (4 each)")
        average = magnitude.mean(-1)
        x = self.trunk(magnitude - average[..., None])
        weight = torch.softmax(self.attention(x), -1)  # (R, 1, N / 4)
        timbre = functional.layer_norm(average, average.shape[1:], eps=1e-7)
        whole = self.utterance(torch.cat([(weight * x).sum(-1), timbre], 1))
        return unit(self.frames(x)), unit(whole)


class LipEmbedder(nn.Module):
    """Lip motion, frame by frame, for the sounds it goes with.

    Args:
        features: landmark features per frame (`engine.vision.lips`). hidden: width. channels: C of the embedding.
    """

    def __init__(self, features: int, hidden: int, blocks: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(features, 1))
        self.into = nn.Conv1d(features + 1, hidden, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(hidden, (1, 2, 4)[i % 3], dropout=dropout) for i in range(blocks))
        self.norm = GlobalNorm(hidden)
        self.out = Pointwise(hidden, channels)

    def set_scale(self, spread: Tensor) -> None:
        """Divide every feature by its spread over the training clips, (features,)."""
        self.get_buffer("scale").copy_(spread[:, None])

    def forward(self, lips: Tensor, seen: Tensor) -> Tensor:
        """Embed.

        Args:
            lips: (R, M, features) float32. seen: (R, M), 1 where the face is visible.

        Returns:
            (R, C, M), unit length where seen, 0 elsewhere.
        """
        visible = as_bool(seen).to(lips.dtype)[:, None]  # (R, 1, M)
        x = self.into(scaled_with_presence(lips * visible.transpose(1, 2), visible[:, 0], self.get_buffer("scale")))
        for block in self.blocks:
            x = block(x)
        return unit(self.out(self.norm(x))) * visible


class FaceEmbedder(nn.Module):
    """A face recogniser's vector turned towards what a face tells of a voice: (R, features) -> (R, C), unit length."""

    def __init__(self, features: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, channels), nn.PReLU(channels), nn.Dropout(dropout), nn.Linear(channels, channels)
        )

    def forward(self, face: Tensor) -> Tensor:
        """(R, features) -> (R, C)."""
        return unit(self.layers(functional.normalize(face, dim=1, eps=1e-4)))


class _Discriminator(nn.Module):
    """Three layers with spectral norm on a voice together with a video (`paired`), or on one embedding alone."""

    def __init__(self, layer: Callable[[int, int], nn.Module], channels: int, hidden: int, *, paired: bool) -> None:
        super().__init__()
        self.paired = paired
        norm = parametrizations.spectral_norm
        self.layers = nn.Sequential(
            norm(layer(3 * channels if paired else channels, hidden)),
            nn.LeakyReLU(0.2),
            norm(layer(hidden, hidden)),
            nn.LeakyReLU(0.2),
            norm(layer(hidden, 1)),
        )

    def forward(self, embedding: Tensor, video: Tensor | None = None) -> Tensor:
        """Voice and video, or one embedding alone, (R, C) or (R, C, M): logits (R,) or (R, M), higher for "real"."""
        scores: Tensor = self.layers(_judged(embedding, video, self.paired))
        return scores[:, 0]


class PairDiscriminator(_Discriminator):
    """Judges identity: does this face go with this voice (`paired`), or is this vector a face's (the poster's form)?

    Args:
        channels: C of the embeddings. hidden: width of its two layers.
    """

    def __init__(self, channels: int, hidden: int, *, paired: bool = True) -> None:
        super().__init__(nn.Linear, channels, hidden, paired=paired)


class SequenceDiscriminator(_Discriminator):
    """Judges sounds and lips frame by frame, looking 240 ms to either side.

    Args:
        channels: C of the embeddings. hidden: width of its two layers.
    """

    def __init__(self, channels: int, hidden: int, *, paired: bool = True) -> None:
        layer = partial(nn.Conv1d, kernel_size=_KERNEL, padding=_KERNEL // 2)
        super().__init__(layer, channels, hidden, paired=paired)


def _judged(embedding: Tensor, video: Tensor | None, paired: bool) -> Tensor:
    """[a; v; a v] of a pair, or the embedding alone; scaled from unit length to unit components."""
    if paired != (video is not None):
        raise ValueError("a paired discriminator takes a voice and a video, an unpaired one takes a single embedding")
    scale = math.sqrt(embedding.shape[1])
    first = embedding * scale
    if video is None:
        return first
    second = video * scale
    return torch.cat([first, second, first * second], 1)


class Embedders(nn.Module):
    """All that an objective needs beside the separator; what its `EmbedderConfig` leaves out is None.

    Optimise `embedding_parameters` and `judge_parameters` apart. `freeze` once the embedders are trained on clean
    speech and `Ranking.ready`: then they cannot adapt to the separator's artefacts.
    """

    def __init__(self, config: EmbedderConfig) -> None:
        super().__init__()
        c, self.config, self.frozen = config, config, False
        self.voice = VoiceEmbedder(c.bins, c.voice_channels, c.channels, c.dropout)
        self.lips = (
            LipEmbedder(c.visual_features, c.lip_channels, c.lip_blocks, c.channels, c.dropout) if c.lips else None
        )
        self.face = FaceEmbedder(c.face_features, c.channels, c.dropout) if c.face else None
        self.identity_judge = (
            PairDiscriminator(c.channels, c.judge_channels, paired=c.paired) if c.identity_judge else None
        )
        self.phonetic_judge = (
            SequenceDiscriminator(c.channels, c.judge_channels, paired=c.paired) if c.phonetic_judge else None
        )

    def forward(
        self,
        magnitude: Tensor,
        lips: Tensor | None = None,
        seen: Tensor | None = None,
        face: Tensor | None = None,
        *,
        lag: Tensor | None = None,
        heard: Tensor | None = None,
        filmed: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Embedded:
        """Embed a batch, as far as there are networks and inputs for it.

        Args:
            magnitude: (R, F, N), ^0.3-compressed, of estimates or clean voices.
            lips: (R, N / 4 + 2 K, features), K frames of margin on each side. seen: (R, N / 4 + 2 K), its visibility.
            face: (R, face_features), a face recogniser's vector; of another clip of the person for MMMC.
            lag: (R,) int64, by how many frames the lips come late; None for 0.
            heard, filmed, rows: masks that are handed on, see `Embedded`.

        Raises:
            ValueError: `lips` without `seen`, or of a length that does not fit `magnitude`.
        """
        audio, voice = self.voice(magnitude)
        video = None
        if self.lips is not None and lips is not None:
            margin, odd = divmod(lips.shape[1] - audio.shape[-1], 2)
            if seen is None or odd or margin < 0:
                raise ValueError(f"{lips.shape[1]} lip frames do not frame {audio.shape[-1]} of sound, or lack `seen`")
            lag = torch.zeros(len(lips), dtype=torch.int64, device=lips.device) if lag is None else lag
            video = on_sound_clock(self.lips(lips, seen), lag, margin)
            seen = on_sound_clock(as_bool(seen), lag, margin)
        known = self.face(face) if self.face is not None and face is not None else None
        return Embedded(audio, video, voice, known, heard=heard, seen=seen, filmed=filmed, rows=rows)

    def embedding_parameters(self) -> list[nn.Parameter]:
        """Of the voice, lip and face embedders."""
        return [p for part in (self.voice, self.lips, self.face) if part is not None for p in part.parameters()]

    def judge_parameters(self) -> list[nn.Parameter]:
        """Of the discriminators."""
        judges = (self.identity_judge, self.phonetic_judge)
        return [p for judge in judges if judge is not None for p in judge.parameters()]

    def freeze(self) -> None:
        """Fix the embedders: no gradients, no dropout from now on. Discriminators go on learning."""
        self.frozen = True
        for parameter in self.embedding_parameters():
            parameter.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Embedders:
        """Switch dropout on or off; frozen embedders keep it off."""
        super().train(mode)
        if self.frozen:
            for part in (self.voice, self.lips, self.face):
                if part is not None:
                    part.eval()
        return self


@contextmanager
def held(*modules: nn.Module | None) -> Iterator[None]:
    """Let gradients pass through these networks without reaching their parameters.

    For discriminators in the separator's step. What was frozen before stays frozen; None is skipped.
    """
    learning = [p for p in chain.from_iterable(m.parameters() for m in modules if m is not None) if p.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def on_sound_clock(video: Tensor, lag: Tensor, margin: int) -> Tensor:
    """Cut the lips that go with the sound out of a wider, shifted window.

    Args:
        video: (R, C, M + 2 K) lip embeddings or (R, M + 2 K) `seen`, K = `margin` frames before and after the sound.
        lag: (R,) int64, by how many frames the lips come late, -K..K.

    Returns:
        (R, C, M) or (R, M): frame m is frame m + K + lag of the window.
    """
    frames = video.shape[-1] - 2 * margin
    index = torch.arange(frames, device=video.device) + margin + lag[:, None]  # (R, M)
    if video.ndim == 3:
        index = index[:, None].expand(-1, video.shape[1], -1)
    return video.gather(-1, index)


@dataclass(frozen=True)
class Ranking:
    """How often a voice picked its own video out of two; add up over batches with +."""

    right: int
    trials: int

    def __add__(self, other: Ranking) -> Ranking:
        return Ranking(self.right + other.right, self.trials + other.trials)

    @property
    def accuracy(self) -> float:
        """Share 0..1; 0 without a trial."""
        return self.right / self.trials if self.trials else 0.0

    @property
    def ready(self) -> bool:
        """The embedders are good enough on clean speech for their loss to be switched on (models.md 5.4)."""
        return self.accuracy > READY


@torch.no_grad()
def two_way_ranking(
    voice: Tensor,
    video: Tensor,
    *,
    heard: Tensor | None = None,
    seen: Tensor | None = None,
    rows: Tensor | None = None,
) -> Ranking:
    """Does each voice prefer its own talker's video to the other's of the same mixture? A tie counts as wrong.

    Args:
        voice, video: (R, C) utterance vectors, or (R, C, M) frames, which are compared by their mean cosine.
        heard, seen: bool, (R,) or (R, M): there is a voice; there is a video. rows: (R,) bool.
    """
    own, crossed = cosine_distance(voice, video), cosine_distance(voice, other_talker(video))
    has_video = mask_like(own, seen)
    counts = mask_like(own, heard, rows) & has_video & other_talker(has_video)
    gain, tried = (crossed - own) * counts, counts
    if own.ndim == 2:
        gain, tried = gain.sum(1), counts.any(1)
    return Ranking(int((gain[tried] > 0).sum()), int(tried.sum()))

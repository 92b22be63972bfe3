"""The compact network that ships: CaffNet-C's affinity, small and wide-awake, with two blind slots to choose from.

After Lee et al., CVPR 2021 (arXiv 2104.02775; `engine.models.caffnet` is the paper's own form). In its order: visual
encoder -> V, complex audio encoder -> S, non-local layers -> V-, S-, affinity A and cross-modal identity matrix
Gamma -> V^, magnitude modulation -> Psi, complex mask decoder -> M, Y = M X.

Differs from the paper:
    the visual input is a landmark motion stream, not a face picture (too little video to learn from pixels, ADR 1);
    the encoder works along time with frequency as channels, which suits a CPU;
    the lips modulate every block after the affinity, not one (a cue given once is easily ignored, models.md 8.6);
    the lips alone must also tell the voice's spectrum roughly (a frequency map, models.md 9 rule 3), which goes in
    beside V^: a dense lesson for the lip encoder, and a cue with a frequency axis for the separator;
    Gamma is built from scored lags (models.md 3.3), since the paper's regulariser is not public;
    a blind pass separates the mixture into two slots first; the slot that moves like the lips over the whole chunk is
    the starting point of the steered pass, so that weak lips still choose between two clean voices (the assignment
    companion of models.md 8.5 and 10, inside the network);
    the decoder's output is rotated by the mixture's phase and added to a real mask, so that the mask does not depend
    on the absolute phase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.audio.stft import compress, compressed_magnitude, istft, stft
from engine.config import CompactConfig
from engine.models.affinity import CrossModalAffinity, FrameLock
from engine.models.blocks import ComplexConv1d, NonLocal, Pointwise, ResidualBlock, magnitude, stack_parts
from engine.models.judge import Judge, cues
from engine.models.lips import LandmarkEncoder
from engine.models.separated import Separated

_DILATIONS = (1, 2, 4, 8, 16, 32)


@dataclass
class Heard:
    """The mixture as the network hears it, one row per mixture.

    Attributes:
        level: (B, 1), root mean square. spectrum: X / level, (B, F, N) complex64.
        s: complex features S, stacked parts (B, 2 wide, N). x: magnitude-domain features S-, (B, C, N).
    """

    level: Tensor
    spectrum: Tensor
    s: Tensor
    x: Tensor

    def repeat(self, times: int) -> Heard:
        """Every row `times` times in a row."""
        return Heard(*(t.repeat_interleave(times, 0) for t in (self.level, self.spectrum, self.s, self.x)))


def likeness(hint: Tensor, slots: Tensor) -> Tensor:
    """How much a hint moves like the first slot rather than the second, -1..1.

    The slots are compared by their log ratio, in which what both of them let through cancels.

    Args:
        hint: (B, F, N). slots: compressed magnitudes, (B, 2, F, N).

    Returns:
        (B,), cosine over the whole chunk after each bin's mean over time is removed.
    """
    ratio = (slots[:, 0] / slots[:, 1]).log()
    a, b = hint.float() - hint.float().mean(-1, keepdim=True), ratio - ratio.mean(-1, keepdim=True)
    return functional.cosine_similarity(a.flatten(1), b.flatten(1))


def others_mean(hint: Tensor, weight: Tensor, faces: int) -> Tensor:
    """Mean hint of the other faces of the same mixture, weighted by how much they are seen.

    What all lips have in common says nothing about whose voice a slot holds.

    Args:
        hint: (B * faces, F, N). weight: (B * faces,).

    Returns:
        Like `hint`; zero where there is no other face.
    """
    hints, weights = hint.view(-1, faces, *hint.shape[1:]), weight.view(-1, faces, 1, 1)
    total = (hints * weights).sum(1, keepdim=True) - hints * weights
    return (total / (weights.sum(1, keepdim=True) - weights).clamp_min(1e-3)).view_as(hint)


class CompactSeparator(nn.Module):
    """Affinity, blind slots and a steered pass.

    Without a face the network separates blindly: two learned slots take the place of V^, one per output, trained
    permutation-invariantly. So speech without a picture teaches the separation trunk too.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.config = config
        bins, wide, width, visual = (
            config.stft.bins,
            config.complex_channels,
            config.channels,
            config.visual_channels,
        )
        self.lips = LandmarkEncoder(config.visual_features, visual, config.visual_blocks, config.heads, config.dropout)

        self.encoder = nn.ModuleList([ComplexConv1d(bins, wide, 3), ComplexConv1d(wide, wide, 3)])
        self.encoder_active = nn.PReLU(2 * wide)
        self.magnitude_in = nn.Conv1d(wide + bins, width, 3, padding=1)
        self.context = nn.ModuleList(
            ResidualBlock(width, _DILATIONS[i % 6], dropout=config.dropout) for i in range(config.context_blocks)
        )
        self.audio_non_local = NonLocal(width, config.heads, config.dropout)

        self.affinity: CrossModalAffinity | FrameLock = (
            FrameLock(visual, config.video_per_audio, config.max_lag_frames)
            if config.frame_locked
            else CrossModalAffinity(width, visual, config.video_per_audio, config.max_lag_frames)
        )
        self.slots = nn.Parameter(torch.randn(2, visual))

        self.hint = Pointwise(visual, bins)
        self.log_choice = nn.Parameter(torch.tensor(3.0))  # kappa of the choice between slots = 20
        self.join = Pointwise(width + visual + 2 * bins, width)
        self.condition = Pointwise(visual, visual // 2)
        self.modulated = nn.ModuleList(
            ResidualBlock(width, _DILATIONS[i % 6], condition=visual // 2, dropout=config.dropout)
            for i in range(config.modulated_blocks)
        )
        self.modulation = Pointwise(width + visual, wide)
        self.decoder = ComplexConv1d(wide, bins, 1)
        self.real_mask = Pointwise(width, bins)
        self.trust = Pointwise(width, 1)
        self.activity = Pointwise(width, 1)
        self.judge = Judge()
        with torch.no_grad():
            self.decoder.real.mul_(0.1)
            self.decoder.imag.mul_(0.1)
            self.real_mask.bias.fill_(0.5)  # SI-SDR is blind to polarity: what begins the right way up stays so
            self.trust.bias.fill_(1.0)  # begin by believing the slot; once doubted, the gate hardly opens again

    def set_scale(self, spread: Tensor) -> None:
        """See `LandmarkEncoder.set_scale`."""
        self.lips.set_scale(spread)

    def look(self, lips: Tensor, seen: Tensor) -> Tensor:
        """Lip features V-, (R, M, inputs) and (R, M) -> (R, C_v, M)."""
        return cast(Tensor, self.lips(lips, seen))

    def forward(
        self,
        mixture: Tensor,
        lips: Tensor | None,
        seen: Tensor | None,
        *,
        faces: int = 1,
        lag: Tensor | None = None,
        attributes: Tensor | None = None,
    ) -> Separated:
        """Separate one voice per face, or two blindly.

        Args:
            mixture: (B, T) float32 at 16 kHz, T = N hop; any level.
            lips: (B * faces, M, 240) landmark features, M = r N + 2 K (K frames before and after the sound), or
                None for blind separation into two slots.
            seen: (B * faces, M) float32, 1 where the face is visible.
            faces: rows of `lips` per mixture; the sound is encoded once for all of them.
            lag: see `CrossModalAffinity.forward`. attributes: not used.

        Returns:
            Rows ordered mixture by mixture, face (or slot) by face.
        """
        heard = self.hear(mixture)
        blind = self.blind(heard)
        return blind if lips is None else self.steer(heard, blind, lips, cast(Tensor, seen), faces=faces, lag=lag)

    def blind(self, heard: Heard) -> Separated:
        """Separate into two slots, rows mixture by mixture."""
        slots = self.slots.repeat(len(heard.x), 1)[..., None].expand(-1, -1, heard.x.shape[-1])
        return self.separate(heard.repeat(2), slots)[0]

    def steer(
        self,
        heard: Heard,
        blind: Separated,
        lips: Tensor,
        seen: Tensor,
        *,
        faces: int,
        lag: Tensor | None = None,
        slot: Tensor | None = None,
        alone: bool = False,
    ) -> Separated:
        """Separate the voices of faces, starting from the slot that moves like each.

        Args:
            slot: (B * faces, 2) shares of the slots to start from instead of the network's own choice (known in
                training), or None; rows of NaN mean "own".
            alone: let no face know of the others, as when only one is in the picture. Other arguments as in `forward`.
        """
        heard = heard.repeat(faces)
        fused, logits, match = self.affinity(heard.x, self.look(lips, seen), lag)
        hint = self.hint(fused)
        masks = blind.mask.detach().view(-1, 2, *blind.mask.shape[1:]).repeat_interleave(faces, 0)  # (B, 2, F, N)
        told = compressed_magnitude(masks * heard.spectrum[:, None])
        others = 0.0 if alone else others_mean(hint, seen.mean(1), faces)
        alike = self.log_choice.exp() * likeness(hint - others, told)
        choice = torch.stack([alike, -alike], 1)
        share = torch.softmax(choice, 1)
        if slot is not None:
            share = torch.where(slot.isnan(), share, slot.nan_to_num())
        weight = share[..., None, None]
        out, x = self.separate(heard, fused, hint, (weight * told).sum(1), (weight * masks).sum(1))
        voice, slots = out.mask * heard.spectrum, (masks * heard.spectrum[:, None]).abs()
        activity, known = self.activity(x)[:, 0].float(), seen.any(1)
        with torch.no_grad():
            company = 1 if alone else faces
            told_by_all = cues(heard.spectrum, voice, slots, hint, choice, logits, match, activity, known, company)
        return replace(
            out,
            lag_logits=logits,
            match=match,
            hint=hint,
            choice=choice,
            blind=blind,
            activity=activity,
            quality=self.judge(told_by_all),
        )

    def hear(self, mixture: Tensor) -> Heard:
        """Encode a mixture, (B, T)."""
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        spectrum = stft(mixture / level, self.config.stft)
        compressed = compress(spectrum)
        s = self.encoder_active(self.encoder[0](stack_parts(compressed)))
        s = self.encoder[1](s)
        x = self.magnitude_in(torch.cat([magnitude(s), compressed.abs()], 1))
        for block in self.context:
            x = block(x)
        return Heard(level, spectrum, s, self.audio_non_local(x))

    def separate(
        self,
        heard: Heard,
        fused: Tensor,
        hint: Tensor | None = None,
        told: Tensor | None = None,
        start: Tensor | None = None,
    ) -> tuple[Separated, Tensor]:
        """Modulate and decode.

        Args:
            fused: V^ or a slot, (B, C_v, N). hint: (B, F, N), or None without a face.
            told: (B, F, N), compressed magnitudes of the chosen slot. start: (B, F, N) complex64, its mask.

        Returns:
            The voice, and the features that its mask was decoded from, (B, C, N).
        """
        frequency = torch.cat([hint, told], 1) if hint is not None and told is not None else None
        if frequency is None:
            frequency = heard.x.new_zeros(len(heard.x), 2 * self.config.stft.bins, heard.x.shape[-1])
        x = self.join(torch.cat([heard.x, fused, frequency], 1))
        condition = self.condition(fused)
        for block in self.modulated:
            x = block(x, condition)
        psi = torch.sigmoid(self.modulation(torch.cat([x, fused], 1)))  # Psi / |S|
        decoded = self.decoder(heard.s * psi.repeat(1, 2, 1))  # Psi e^(j angle S) -> (B, 2 F, N)
        real, imag = decoded.float().chunk(2, 1)
        phase = heard.spectrum / heard.spectrum.abs().clamp_min(1e-6)
        raw = torch.complex(real, imag) * phase.conj() + self.real_mask(x).float()  # O
        modulus = torch.sqrt(raw.real.square() + raw.imag.square() + 1e-8)
        mask = raw * (torch.tanh(modulus) / modulus)  # tanh|O| e^(j angle O)
        if start is not None:
            trust = torch.sigmoid(self.trust(x).float())  # (B, 1, N)
            mask = (1 - trust) * mask + trust * start
        estimate = mask * heard.spectrum * heard.level[..., None]
        return Separated(istft(estimate, self.config.stft), mask, estimate), x

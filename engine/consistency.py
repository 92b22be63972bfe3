"""What nobody's mask claimed, and what two claimed, is shared out."""

from __future__ import annotations

from torch import Tensor

_SHARED = 0.5  # of the difference; the other half stays for noise, and for talkers whom nobody sees
_LEAST = 1e-3


def share_out(mask: Tensor, activity: Tensor, known: Tensor) -> Tensor:
    """Bring the masks of all faces of a mixture nearer to one that is explained by them.

    Args:
        mask: (P, F, N) complex64. activity: (P, N), 0..1, whether each voice sounds. known: (P,) bool, faces that were
            seen; the others keep their masks and get nothing.

    Returns:
        Masks likewise; a face alone keeps its own.

    Source: Wisdom et al., "Differentiable consistency constraints for improved deep speech enhancement", ICASSP 2019,
    mixture consistency with weights. Differs: half of the difference; masks count by activity, since what the mask of a
    silent person lets through is closed by the gate, and must not be missing from who talks.
    """
    if int(known.sum()) < 2:
        return mask
    sounding = mask * (activity * known[:, None])[:, None]
    weights = sounding.abs()
    return mask + _SHARED * (1 - sounding.sum(0)) * weights / (weights.sum(0) + _LEAST)

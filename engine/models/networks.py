"""The networks by the name of their architecture."""

from __future__ import annotations

from torch import nn

from engine.config import AvBaselineConfig, CaffNetConfig, CompactConfig, ModelConfig
from engine.errors import UsageError


def build_network(architecture: str, config: ModelConfig) -> nn.Module:
    """A new network; the call that they share is in `engine.models.separated`.

    Raises:
        UsageError: no such architecture, or the configuration is another one's.
    """
    if architecture == "compact" and isinstance(config, CompactConfig):
        from engine.models.compact import CompactSeparator

        return CompactSeparator(config)
    if architecture == "caffnet" and isinstance(config, CaffNetConfig):
        from engine.models.caffnet import CaffNet

        return CaffNet(config)
    if architecture == "av-baseline" and isinstance(config, AvBaselineConfig):
        from engine.models.av_baseline import AvBaseline

        return AvBaseline(config)
    raise UsageError(
        f"There is no architecture {architecture!r} with {type(config).__name__}.", "See engine/config.py."
    )

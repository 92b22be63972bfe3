"""What AVSep keeps on the disk: how much there is of each kind, and its deletion when the user asks for it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from engine import cache
from engine.jobs import CancelToken
from engine.resources import data_folder
from engine.types import CacheClearing, CacheKind, CacheUsage


def cache_usage(cancel: CancelToken) -> CacheUsage:
    """Count the cache and the application's data (see `engine.api.cache_usage`)."""
    closed: list[Path] = []
    kinds: dict[str, CacheKind] = {}
    unreadable = 0
    for entry in cache.entries(closed.append):
        cancel.checkpoint()
        known = kinds.get(entry.kind, CacheKind(entry.kind, 0, 0))
        kinds[entry.kind] = CacheKind(entry.kind, known.entries + 1, known.size_bytes + entry.size_bytes)
        unreadable += entry.unreadable
    root, data = cache.cache_root(), data_folder()
    data_bytes, data_unreadable = cache.disk_usage(data, apart_from=root)  # on Windows the data hold the cache
    return CacheUsage(
        root,
        tuple(sorted(kinds.values(), key=lambda kind: kind.kind)),
        cache.kept_limit(),
        data,
        data_bytes,
        unreadable + data_unreadable + len(closed),
    )


def clear_cache(kinds: Collection[str] | None, spare_since: float | None, cancel: CancelToken) -> CacheClearing:
    """Delete entries (see `engine.api.clear_cache`)."""
    freed = spared = stuck = 0
    for entry in list(cache.entries()):
        cancel.checkpoint()
        if kinds is not None and entry.kind not in kinds:
            continue
        if spare_since is not None and entry.used_at >= spare_since:
            spared += entry.size_bytes
        elif cache.delete_entry(entry.folder):
            freed += entry.size_bytes
        else:
            stuck += entry.size_bytes
    cache.sweep()
    return CacheClearing(freed, spared, stuck)

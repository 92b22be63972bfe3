"""How much memory a process may take that reads files of others: no file, however made, shall eat the machine."""

from __future__ import annotations

import os
import sys

SHARE = 0.5
LEAST_BYTES = 6 * 2**30
MOST_SHARE = 0.8
"""What `LEAST_BYTES` is cut to on a small machine."""


def memory_limit_bytes(machine_bytes: int) -> int:
    """What a process may take on a machine with so much memory; honest jobs were measured to take up to 2 GiB."""
    return max(int(machine_bytes * SHARE), min(LEAST_BYTES, int(machine_bytes * MOST_SHARE)))


def bound_memory() -> int | None:
    """Let this process, and those that it starts, each take `memory_limit_bytes` at most, from now on.

    What asks for more fails as if there was no more. Only what is written to counts: neither files that are mapped for
    reading, nor address space that drivers of graphics cards set aside.

    Returns:
        The limit in bytes; None where the system has none that works so (macOS, Windows).
    """
    if sys.platform != "linux":
        return None
    import resource

    limit = memory_limit_bytes(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [bound for bound in (limit, soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), hard))
    return min(bounds)

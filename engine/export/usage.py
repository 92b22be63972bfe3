"""What a run cost."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, in megabytes (10^6 bytes)."""
    if sys.platform == "win32":
        return _windows_peak_bytes() / 1e6
    if sys.platform == "linux":
        # getrusage keeps the peak of the program that started this one; the kernel's own record does not.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes on macOS, KiB elsewhere


if sys.platform == "win32":

    def _windows_peak_bytes() -> int:
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = [
                ("cb", wintypes.DWORD),
                ("PageFaultCount", wintypes.DWORD),
                *((name, ctypes.c_size_t) for name in ("PeakWorkingSetSize", "WorkingSetSize")),
                *((f"Quota{n}", ctypes.c_size_t) for n in range(4)),
                *((name, ctypes.c_size_t) for name in ("PagefileUsage", "PeakPagefileUsage")),
            ]

        counters = Counters(cb=ctypes.sizeof(Counters))
        process = ctypes.windll.kernel32.GetCurrentProcess
        process.restype = wintypes.HANDLE
        query = ctypes.windll.psapi.GetProcessMemoryInfo
        query.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
        return int(counters.PeakWorkingSetSize) if query(process(), ctypes.byref(counters), counters.cb) else 0

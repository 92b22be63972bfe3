"""A Dask cluster on this computer, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CLUSTER = """
import json, sys
from distributed import LocalCluster

if __name__ == "__main__":
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 60}
    with LocalCluster(n_workers=int(sys.argv[1]), processes=True, **options) as cluster:
        pids = [worker.process.pid for worker in cluster.workers.values()]
        print(json.dumps({"address": cluster.scheduler_address, "pids": pids}), flush=True)
        sys.stdin.read()
"""


@contextmanager
def running_cluster(workers: int, **environment: str) -> Iterator[dict[str, Any]]:
    """A cluster of workers with one thread each: {"address": of the scheduler, "pids": of the workers}.

    Args:
        environment: variables of the workers, beside those of this process.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _CLUSTER, str(workers)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=60)

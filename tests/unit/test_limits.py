"""A process that reads files of others takes so much memory and no more."""

from __future__ import annotations

import multiprocessing
import sys
from multiprocessing.connection import Connection

import numpy as np
import pytest

from engine.errors import known_error
from engine.limits import LEAST_BYTES, bound_memory, memory_limit_bytes

GIB = 2**30


@pytest.mark.parametrize(("machine", "limit"), [(4, 3.2), (8, 6), (16, 8), (64, 32)])
def test_half_of_the_machine_or_what_honest_work_needs(machine: float, limit: float) -> None:
    assert memory_limit_bytes(round(machine * GIB)) == pytest.approx(limit * GIB, rel=1e-9)
    assert LEAST_BYTES == 6 * GIB


def _ask(line: Connection) -> None:
    limit = bound_memory()
    assert limit is not None
    try:
        np.ones(limit // 8 + 1)
        line.send((limit, "it was given"))
    except MemoryError as error:
        line.send((limit, known_error(error).code))


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit")
def test_more_is_not_given() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_ask, args=(theirs,))
    process.start()
    limit, code = ours.recv()
    process.join()
    assert code == "memory" and limit >= GIB and process.exitcode == 0

"""The guest's end of the pipes: it runs a guest program inside the guest's own Python environment.

Started by `engine.guests.runner` as `PYTHON side.py PROGRAM.py ARGUMENT...`. It needs Python 3.9 and NumPy, and nothing
of AVSep. PROGRAM.py has `load(arguments, device)`, which gives an object with
`separate(mixture (T,), streams (P, M, ...), seen (P, M)) -> (P, T)`, all float32 at 16 kHz and 25 frames per second.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import queue
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_DETAILS = 2000  # characters of a traceback that are told
_END_S = 1.0  # how long a call in progress outlives the other side


def main() -> None:
    """Load the program when asked to and serve calls until the other side closes the pipe."""
    faulthandler.enable()
    requests, answers = _own_pipes()
    inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, inbox), daemon=True).start()
    model: Any = None
    while True:
        message = inbox.get()
        if message is None:
            return
        try:
            if message["kind"] == "load":
                model = _load(Path(sys.argv[1]), sys.argv[2:], message["device"])
                answer: dict[str, Any] = {"kind": "loaded"}
            else:
                answer = _separate(model, message)
        except Exception as error:  # noqa: BLE001 - whatever a guest raises is told on the other side
            answer = _failed(error)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the real standard input and output; what the guest prints goes to standard error, what it reads is empty."""
    requests, answers = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    # Unbuffered: a thread that waits inside a buffer would hold its lock when the interpreter ends.
    return os.fdopen(requests, "rb", buffering=0), os.fdopen(answers, "wb")


def _listen(requests: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """Hand on what is asked; once the other side is gone, end, even in the middle of a call."""
    folder = None
    try:
        for line in requests:
            message = json.loads(line)
            folder = message.get("folder", folder)
            inbox.put(message)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        inbox.put(None)
        time.sleep(_END_S)
        os._exit(0)


def _load(path: Path, arguments: list[str], device: str) -> Any:
    spec = importlib.util.spec_from_file_location("guest_program", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python program")
    program = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = program
    spec.loader.exec_module(program)
    return program.load(arguments, device)


def _separate(model: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Give the guest copies of its arrays, so that it neither changes nor keeps the file."""
    samples, shape = message["samples"], tuple(message["streams"])
    shared = np.memmap(message["file"], np.float32, "r+")
    ends = np.cumsum([samples, int(np.prod(shape)), shape[0] * shape[1]])
    mixture, streams, seen, room = np.split(shared, ends)
    voices = np.asarray(
        model.separate(np.array(mixture), np.array(streams).reshape(shape), np.array(seen).reshape(shape[:2]))
    )
    if voices.dtype == np.float32 and voices.shape == (shape[0], samples):
        room[:] = voices.ravel()
    return {
        "kind": "separated",
        "call": message["call"],
        "dtype": voices.dtype.name,
        "shape": list(voices.shape),
    }


def _failed(error: Exception) -> dict[str, Any]:
    # torch reports a failed allocation on the CPU as a plain RuntimeError with this text.
    memory = isinstance(error, MemoryError) or "can't allocate memory" in str(error)
    return {
        "kind": "failed",
        "reason": "memory" if memory else "error",
        "message": f"{type(error).__name__}: {error}"[:_DETAILS],
        "details": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-_DETAILS:],
    }


if __name__ == "__main__":
    main()

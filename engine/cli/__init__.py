"""The command line: `avsep`. Options, keys and exit codes are the product contract's."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from engine.cli.console import Console
from engine.cli.parser import build_parser
from engine.errors import EngineError, JobCancelled, UnexpectedError, known_error
from engine.jobs import CancelToken
from engine.limits import bound_memory

if TYPE_CHECKING:
    from engine.cli.commands import Answer

EXIT_FAILED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; None takes those of the process.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong use, 3 input unusable, 130 cancelled.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None and not {"train", "prepare", "gui"} & set(arguments[:1]):
        bound_memory()
    try:
        return _main(arguments)
    except BrokenPipeError:
        # The reader of stdout went away, as `head` does: no message, and none when Python closes stdout at its end.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _main(arguments: list[str]) -> int:
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json, verbose = "--json" in flags, "--verbose" in flags
    console = Console(as_json=as_json, progress="none")
    try:
        args = build_parser().parse_args(arguments)
        console = Console(as_json=as_json, progress=args.progress)
        with _quiet(as_json=as_json, verbose=verbose):
            answer = _run(args, console)
    except SystemExit as stop:  # --help and --version have spoken
        return stop.code if isinstance(stop.code, int) else EXIT_FAILED
    except (JobCancelled, KeyboardInterrupt):
        console.failure(JobCancelled.code, "Cancelled.", "Give the command again: what was computed is kept.")
        return JobCancelled.exit_code
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence in place of a traceback
        _explain(console, error, verbose=verbose)
        failure = known_error(error)
        details = "Run the command again with --verbose and report what it shows."
        remedy = details if isinstance(failure, UnexpectedError) else failure.remedy
        console.failure(failure.code, failure.message, remedy)
        return failure.exit_code
    if answer is None:
        return _open_window(args)
    if not answer.silent:
        console.result(answer.data, answer.text)
    return answer.exit_code


def _run(args: argparse.Namespace, console: Console) -> Answer | None:
    """Run a command that answers; None for the window, which runs outside of the quiet."""
    if args.command == "gui":
        return None
    from engine.cli import ahead, commands, machine

    match args.command:
        case "probe":
            return commands.probe(args)
        case "models" if args.action not in machine.CHANGES:
            return machine.models(args)
        case "models":
            machine.confirm(args, console)  # before Ctrl-C is listened to, so that it ends the question
        case "doctor":
            return machine.doctor(args)
        case "separate":
            foreseen = ahead.outlook(args)
            if args.progress != "json":
                ahead.tell(args, foreseen, console)
    with _cancel_on_signal() as cancel:
        match args.command:
            case "faces":
                return commands.faces(args, console.on_progress, cancel)
            case "separate":
                return commands.separate(args, foreseen, console.on_progress, cancel)
            case "batch":
                from engine.cli.batch import batch

                return batch(args, console, cancel)
            case "prepare":
                return commands.prepare(args, console.on_progress, cancel)
            case "train":
                return commands.train(args, console.on_progress, cancel)
            case "evaluate":
                return commands.evaluate(args, console.on_progress, cancel)
            case "models":
                return machine.change_models(args, console.on_progress, cancel)
            case other:
                raise AssertionError(f"no command {other}")


def _open_window(args: argparse.Namespace) -> int:
    from avsep_gui.__main__ import main as open_window

    return open_window([] if args.video is None else [str(args.video)])


def _explain(console: Console, error: Exception, *, verbose: bool) -> None:
    """Under --verbose: where an error came from, and what the library below said."""
    if verbose:
        console.note("".join(traceback.format_exception(error)).rstrip())
        if isinstance(error, EngineError) and error.details:
            console.note(error.details)


@contextlib.contextmanager
def _quiet(*, as_json: bool, verbose: bool) -> Iterator[None]:
    """Keep stdout for the result, and warnings and logs of libraries for --verbose."""
    import logging

    handler = logging.StreamHandler() if verbose else logging.NullHandler()
    logging.getLogger().addHandler(handler)
    with contextlib.ExitStack() as stack:
        stack.callback(logging.getLogger().removeHandler, handler)
        if as_json:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        if not verbose:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _cancel_on_signal() -> Iterator[CancelToken]:
    """A token that Ctrl-C or a request to terminate sets; a second one stops at once."""
    token = CancelToken()
    if threading.current_thread() is not threading.main_thread():
        yield token
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if token.cancelled:
            raise KeyboardInterrupt
        token.cancel()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield token
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

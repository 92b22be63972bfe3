"""Start of the desktop app: `avsep-gui [VIDEO or PROJECT]`, or `avsep-gui --self-test FOLDER`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Show the window and return the exit code.

    Args:
        argv: arguments without the program's name; None takes those of the process.
    """
    multiprocessing.freeze_support()
    parser = argparse.ArgumentParser(prog="avsep-gui", description="Hear one person in a video: click a face.")
    parser.add_argument("video", nargs="?", type=Path, help="open this video or project (.avsep)")
    parser.add_argument(
        "--self-test",
        metavar="FOLDER",
        type=Path,
        help="do the main job on the sample, by itself, and report to FOLDER",
    )
    arguments = parser.parse_args(argv)
    if arguments.self_test is not None:
        from avsep_gui import self_test

        return self_test.run(arguments.self_test)
    from avsep_gui.app import run

    return run(arguments.video)


if __name__ == "__main__":
    sys.exit(main())

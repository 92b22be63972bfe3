"""`python -m tests.guarantees [--short] [--only NAME ...] [--write]`: try what AVSep promises, and tell how it went.

Exit code 1 when something did not hold. `--write` notes what the full form found in docs/guarantees.json, and puts all
that is noted there into docs/guarantees.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# More threads than free cores make small tensors a hundred times slower; drawing needs no screen.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.guarantees.checks import CHECKS
from tests.guarantees.running import broken, document, headlines, remembered, run_checks, table

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "guarantees.md"


def main() -> int:
    """Run the checks that the command line names."""
    names = [check.__name__ for check in CHECKS]
    parser = argparse.ArgumentParser(prog="python -m tests.guarantees", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a sample of the cases")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}")
    args = parser.parse_args()
    outcomes = []
    for outcome in run_checks([check for check in CHECKS if check.__name__ in args.only], short=args.short):
        outcomes.append(outcome)
        print(f"{outcome.name}: {outcome.seconds:.0f} s", file=sys.stderr, flush=True)
    print("\n".join([*table(outcomes), "", *headlines(outcomes)]))
    failed = broken(outcomes)
    print("\n".join(["", "What broke:", *failed] if failed else ["", "Nothing broke."]))
    if args.write:
        known = remembered(DOCUMENT.with_suffix(".json"), outcomes, short=args.short)
        DOCUMENT.write_text(document(known), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

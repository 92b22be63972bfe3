"""`avsep`, as the bundle starts it."""

import sys

from begin import begin

if __name__ == "__main__":
    begin()
    from engine.cli import main

    sys.exit(main())

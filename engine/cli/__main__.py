"""`python -m engine.cli`, the same as the command `avsep`."""

import sys

from engine.cli import main

sys.exit(main())

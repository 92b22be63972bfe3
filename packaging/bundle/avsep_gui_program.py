"""`avsep-gui`, as the bundle starts it."""

import sys

from begin import begin

if __name__ == "__main__":
    begin()
    from avsep_gui.__main__ import main

    sys.exit(main())

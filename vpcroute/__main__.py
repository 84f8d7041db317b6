"""``python -m vpcroute``: the command line."""

import sys

from vpcroute.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m asynctestkit`: runs a suite as it is, and says what its asyncio tests leave behind."""

import sys

from .adoption.run import main

__unittest = True

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

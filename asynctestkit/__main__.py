"""`python -m asynctestkit`: runs an unmodified suite, and reports what its asyncio tests leave behind."""

import sys

from .adoption.run import main

__unittest = True

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m service`, the same as `ringline`."""

import sys

from service.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())

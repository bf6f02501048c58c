"""The tests, laid out as the service is."""

import os

# The sources are tested, and how much of them; `make test-compiled` tests what they become.
os.environ.setdefault("PURE_PYTHON", "1")

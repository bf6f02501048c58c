"""The tests: some folders are laid out as the service is, the others are by subject."""

import os

# The sources are tested, and how much of them; `make test-compiled` tests what they become.
if os.environ.setdefault("PURE_PYTHON", "1") != "1":
    from service.signalling import relay

    assert str(relay.__file__).endswith(".so"), "Nothing here is compiled: make compile"

"""Why development mode does not start."""


class CannotServe(Exception):
    """Something on this machine is missing or taken; the message is a sentence that says what."""

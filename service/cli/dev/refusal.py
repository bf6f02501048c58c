"""Why development mode does not start."""


class CannotServe(Exception):
    """Something on this machine is in the way; the message is a sentence on what to do."""

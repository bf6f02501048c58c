"""`ringline serve --dev`: a service that needs no settings, and two links to call each other."""


class CannotServe(Exception):
    """Something on this machine is missing or taken; the message is a sentence that says what."""

"""What the API server answers when it does not do what it was asked."""


class Refusal(Exception):
    """A `Status` of Kubernetes: an HTTP code, a reason in one word, and a message for people."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason

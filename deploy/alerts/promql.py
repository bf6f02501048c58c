"""The PromQL expressions that alerts compare."""

BY_JOB = "by (namespace, job)"


def grown(metric: str, window: str, only: str = "", offset: str = "", by: str = BY_JOB) -> str:
    """How much a counter has grown in a window."""
    matchers = f"{{{only}}}" if only else ""
    return f"sum {by} (increase({metric}{matchers}[{window}]{offset}))"

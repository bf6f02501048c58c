"""Settings that may change while the service runs, and when a new value counts."""

from pydantic import JsonValue

FOLLOWED: dict[str, JsonValue] = {"live": "Read again within 5 s."}
ON_SIGHUP: dict[str, JsonValue] = {"live": "Read again on SIGHUP."}

"""Every setting there is, a file for each section of `docs/settings.md`.

A section's docstring is its heading there, and a field's description says what it means. No message
repeats a value with `repr=False`; `json_schema_extra` says when a new value counts.
"""

from pydantic import JsonValue

FOLLOWED: dict[str, JsonValue] = {"live": "Read again within 5 s."}
ON_SIGHUP: dict[str, JsonValue] = {"live": "Read again on SIGHUP."}

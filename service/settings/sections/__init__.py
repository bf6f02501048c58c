"""Every setting there is, a file for each section of `docs/settings.md`.

A section's docstring is its heading there, and a field's description says what it means. No message
repeats a value with `repr=False`; `json_schema_extra` says when a new value counts.
"""

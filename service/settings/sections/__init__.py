"""Every setting there is, a file for each section of `docs/settings.md`.

A section's docstring is its heading there, and a field's description says what it means. No message
repeats a value with `repr=False`. `Followed` and `OnSighup` only say when a new value counts, which
`from_settings.reload` sees to; the others count at the next start.
"""

from typing import Annotated, TypeVar

from pydantic import Field

T = TypeVar("T")

Followed = Annotated[T, Field(json_schema_extra={"live": "Read again within 5 s."})]
OnSighup = Annotated[T, Field(json_schema_extra={"live": "Read again on SIGHUP."})]

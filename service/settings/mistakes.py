"""What is wrong with the settings, as sentences."""

from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

_LONGEST_SHOWN = 80
_WRAPPERS = (Annotated, tuple, Union, UnionType)


class SettingsError(Exception):
    """The settings are wrong; `mistakes` has a sentence for each reason."""

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


def wanted(field: FieldInfo) -> str:
    """What a setting must be that has no check of ours: "must be a whole number from 1 to 9"."""
    kind = _bare(field.annotation)
    if get_origin(kind) is Literal:
        return f"must be one of {', '.join(get_args(kind))}"
    if kind is bool:
        return "must be true or false"
    noun = "a whole number" if kind is int else "a number"
    return f"must be {noun} {bounds(field)}".rstrip()


def shown(field: FieldInfo, value: object) -> str:
    """A value as a sentence may repeat it: in part where it is long, not at all where secret."""
    if not field.repr:
        return "the value"
    plain = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    _, before, end = plain.rpartition("@")  # a user and a password may be before it
    text = f"…@{end}" if before else plain
    return f'"{text[:_LONGEST_SHOWN]}…"' if len(text) > _LONGEST_SHOWN else f'"{text}"'


def _bare(annotation: object) -> object:
    """The type inside lists, options and annotations."""
    while get_origin(annotation) in _WRAPPERS:
        annotation = get_args(annotation)[0]
    return annotation


def bounds(field: FieldInfo) -> str:
    """The bounds of a number: "from 1 to 9", "from 1 upwards", "above 0", or nothing."""
    match [bound for bound in field.metadata if isinstance(bound, Gt | Ge | Le)]:
        case [Ge(least), Le(most)]:
            return f"from {least} to {most}"
        case [Ge(least)]:
            return f"from {least} upwards"
        case [Gt(least)]:
            return f"above {least}"
        case _:
            return ""

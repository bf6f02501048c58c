"""Text that people read in logs and on screens, and must be able to tell from other text.

Ids are taken as they come and compared code point by code point, never normalised (OpenID Connect
Core, 14.1). So what does not show may not be in them. What shows and looks alike (`ö` in two
spellings, letters of two alphabets) may: real users have such ids, and who issues them has to look.
"""

import re

# `str.isprintable` knows of controls, format characters (direction marks, joiners, zero-width
# spaces), surrogates, separators, private use and what Unicode has not assigned. Fillers and
# variation selectors are letters and marks to it, though they show as nothing (Unicode,
# Default_Ignorable_Code_Point; and the Braille pattern without dots). U+FFFD stands where bytes
# were no text, whichever those were.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\ufffd"
    "\U000e0100-\U000e01ef]"
)
# Controls, line and paragraph separators, and what turns around the text behind it (UAX #9).
_UNRULY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def fault(name: str) -> str | None:
    """What is wrong with an id, as the end of a sentence that begins with what it is; None if fit.

    Letters, digits, marks, punctuation and symbols of every script may be in it, and spaces
    (U+0020) between them.
    """
    if not name.isprintable() or (not name.isascii() and _BLANK.search(name)):
        hidden = next(char for char in name if not char.isprintable() or _BLANK.match(char))
        return f"holds U+{ord(hidden):04X}, which is no visible character"
    if name != name.strip(" "):
        return "begins or ends with a space"
    return None


def in_one_line(text: str) -> bool:
    """Whether text, such as a person's name, stays in its line and in its order when shown."""
    return not _UNRULY.search(text)

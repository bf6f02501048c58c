"""What an operator can set: read at the start, checked as a whole, then passed as values.

`sections` says what there is, `values` what each must look like, `rules` what must fit together,
`sources` where values come from, and `mistakes` has the sentences about wrong ones. Nothing else
of the service is known here.
"""

from service.settings.mistakes import SettingsError
from service.settings.model import SECTIONS, Settings, changes, variable
from service.settings.rules import cautions
from service.settings.sources import Reading, Source, read
from service.settings.validation import load, settings_from

__all__ = [
    "SECTIONS", "Reading", "Settings", "SettingsError", "Source", "cautions", "changes", "load",
    "read", "settings_from", "variable",
]  # fmt: skip

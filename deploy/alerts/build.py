"""The rule file that the chart ships."""

import yaml

from deploy.alerts import burning, symptoms
from deploy.alerts.rules import Alert, Group, Recording

FILE = "rules/ringline.yaml"
_HEAD = "# Generated from deploy/alerts by `python -m deploy.build`: do not edit.\n"


def groups() -> tuple[Group, ...]:
    """Every group of rules."""
    quota = Recording("ringline:turn_total_quota", f"vector({symptoms.TURN_QUOTA})")
    return (*burning.groups(), Group("ringline-limits", "1m", (quota,)), symptoms.group())


def alerts() -> tuple[Alert, ...]:
    """Every alert; those of one name follow each other."""
    return tuple(rule for group in groups() for rule in group.rules if isinstance(rule, Alert))


def files() -> dict[str, str]:
    """Text by path in the chart."""
    documents = {"groups": [group.document() for group in groups()]}
    text = yaml.safe_dump(documents, sort_keys=False, allow_unicode=True, width=float("inf"))
    return {FILE: _HEAD + text}

"""What the chart is made of, for tools/generate.py to write."""

from pathlib import Path

from deploy.alerts import build as alerts
from deploy.chart_values import build as chart_values
from deploy.dashboards import build as dashboards

CHART = Path(__file__).parent / "helm" / "ringline"


def files() -> dict[Path, str | None]:
    """The text of every generated file; None for one that nothing makes any more."""
    texts = {**dashboards.files(), **alerts.files(), **chart_values.files()}
    made = {CHART / name: text for name, text in texts.items()}
    # Beside these, the chart's own folder has what is written by hand.
    folders = {path.parent for path in made} - {CHART}
    return {**{path: None for folder in folders for path in folder.glob("*")}, **made}

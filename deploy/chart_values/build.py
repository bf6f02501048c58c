"""What the chart ships beside its templates: schema, README, and what coturn runs with."""

from pathlib import Path

from deploy.chart_values import readme, schema
from deploy.chart_values.values import VALUES, values

COTURN = Path(__file__).parents[1] / "coturn"


def files() -> dict[str, str]:
    """Text by path in the chart."""
    known = values(VALUES.read_text(encoding="utf-8"))
    return {"values.schema.json": schema.text(known), "README.md": readme.text(known), **_coturn()}


def _coturn() -> dict[str, str]:
    """Helm reads only what lies in the chart, so that its coturn files are copies."""
    return {
        f"coturn/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(COTURN.glob("*"))
        if path.suffix != ".md"
    }

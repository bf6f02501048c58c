"""The dashboards that the chart ships, as files."""

from deploy.dashboards.abuse import ABUSE
from deploy.dashboards.calls import CALLS
from deploy.dashboards.connections import CONNECTIONS
from deploy.dashboards.grafana import document
from deploy.dashboards.nodes import NODES
from deploy.dashboards.runtime import RUNTIME
from deploy.dashboards.turn import TURN

BOARDS = (CALLS, CONNECTIONS, NODES, ABUSE, TURN, RUNTIME)


def files() -> dict[str, str]:
    """Text by path in the chart."""
    return {f"dashboards/{board.name}.json": document(board) for board in BOARDS}

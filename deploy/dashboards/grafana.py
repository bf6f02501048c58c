"""Boards as Grafana reads them."""

import json
from itertools import count

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.dashboards.board import Board, Grades, Look, Panel

TAG = "ringline"
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_Pictured = timeseries.Panel | stat.Panel | bargauge.Panel


def document(board: Board) -> str:
    """The board as JSON, the same every time."""
    shown = (
        dashboard.Dashboard(f"Ringline / {board.title}")
        .uid(f"ringline-{board.name}")
        .description(board.description)
        .tags([TAG])
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(_siblings())
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        )
    )
    for variable in _variables(board):
        shown.with_variable(variable)
    ids = count(1)
    for row in board.rows:
        shown.with_row(dashboard.Row(row.title).id(next(ids)))
        for panel in row.panels:
            shown.with_panel(_picture(panel).id(next(ids)))
    return json.dumps(shown.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _siblings() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Ringline").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return (
        link.as_dropdown(as_dropdown=True).include_vars(include_vars=True).keep_time(keep_time=True)
    )


def _variables(board: Board) -> list[dashboard.QueryVariable]:
    metric, known = board.known_by, ""
    made = []
    for name in ("namespace", "job", "pod"):
        where = f"{{{known}}}" if known else ""
        made.append(_variable(name, f"label_values({metric}{where}, {name})"))
        known = ", ".join(filter(None, (known, f'{name}=~"${name}"')))
    return made


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(_SOURCE)
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        # Matches what has no such label, too: outside Kubernetes there is no namespace.
        .all_value(".*")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _picture(panel: Panel) -> _Pictured:
    drawn = _drawn(panel)
    drawn.title(panel.title).description(panel.meaning).unit(panel.unit).datasource(_SOURCE)
    drawn.span(panel.width).height(panel.height)
    if panel.most is not None:
        drawn.min(0).max(panel.most)
    instant = panel.look in (Look.NUMBER, Look.GAUGE)
    if instant and panel.unit == "short":
        # Prometheus extrapolates: 7 calls may read as 7.05.
        drawn.decimals(0)
    for ref, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend)
        target.exemplar(exemplar=not instant and "_bucket" in query.expr)
        drawn.with_target(target.instant() if instant else target.range())
    for legend, color in panel.colors.items():
        fixed = {"mode": "fixed", "fixedColor": color}
        drawn.override_by_name(legend, [DynamicConfigValue(id_val="color", value=fixed)])
    return drawn


def _lines(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(show_legend=True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    drawn = (
        timeseries.Panel()
        .line_width(1.5)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .axis_soft_min(0)
        .legend(legend)
        .tooltip(
            common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
        )
    )
    if panel.look is Look.STACK:
        drawn.fill_opacity(60).line_width(0).stacking(
            common.StackingConfig().mode(StackingMode.NORMAL)
        )
    return drawn


def _number(panel: Panel) -> stat.Panel:
    drawn = stat.Panel().graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE)
    drawn.reduce_options(_last()).thresholds(_steps(panel.grades)).mappings(_mappings(panel))
    return drawn


def _gauge(panel: Panel) -> bargauge.Panel:
    drawn = bargauge.Panel().display_mode(BarGaugeDisplayMode.BASIC).reduce_options(_last())
    drawn.orientation(VizOrientation.HORIZONTAL).min(0).mappings(_mappings(panel))
    return drawn.thresholds(_steps(panel.grades))


def _drawn(panel: Panel) -> _Pictured:
    match panel.look:
        case Look.LINES | Look.STACK:
            return _lines(panel)
        case Look.NUMBER:
            return _number(panel)
        case Look.GAUGE:
            return _gauge(panel)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def _steps(grades: Grades | None) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=value, color=color) for value, color in _colors(grades)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _colors(grades: Grades | None) -> list[tuple[float | None, str]]:
    """From which value on a color holds; the first one from below."""
    if grades is None:
        return [(None, "blue")]
    if grades.fair < grades.good:
        return [(None, "red"), (grades.fair, "orange"), (grades.good, "green")]
    return [(None, "green"), (grades.good, "orange"), (grades.fair, "red")]


def _mappings(panel: Panel) -> list[ValueMapping]:
    words = {value: ValueMappingResult(text=text) for value, text in panel.words.items()}
    return [ValueMap(options=words)] if words else []

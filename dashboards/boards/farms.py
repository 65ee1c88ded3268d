"""Mes élevages: a row for each farm of the reader, worst first."""

from dashboards.board import board, link_to
from dashboards.panels import Outlet, table
from dashboards.style import GREEN, ORANGE, SHARE, TIME, VERMILLION, Json, column, steps

_SQL = """SELECT farm, outside, urgent, alerts, silent, groups, ratio, heard, farm_id FROM panel.farms_now()"""


def farms(outlet: Outlet) -> Json:
    """Return the dashboard."""
    lang = outlet.language
    bad = {"thresholds": steps((1, VERMILLION), below=GREEN), "custom__cellOptions": {"type": "color-text"}}
    worth = {"thresholds": steps((1, ORANGE), below=GREEN), "custom__cellOptions": {"type": "color-text"}}
    columns = [
        column(lang, "farm", links=[link_to(outlet, "home", farm="${__data.fields.farm_id}")]),
        column(lang, "outside", **bad),
        column(lang, "urgent", **bad),
        column(lang, "alerts", **worth),
        column(lang, "silent", **worth),
        column(lang, "groups"),
        column(lang, "ratio", unit=SHARE["unit"]),
        column(lang, "heard", **TIME),
        {"matcher": {"id": "byName", "options": "farm_id"}, "properties": [{"id": "custom.hidden", "value": True}]},
    ]
    return board(outlet, "farms", [table(outlet, "farms.table", (24, 16), _SQL, columns)])

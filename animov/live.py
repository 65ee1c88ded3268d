"""The demo's live table: what each group does, what it was expected to do, and how good that was."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from animov.demo import SPEED, Demo
from core.timeline import BUCKET, floor_slot
from core.wallclock import zone_named
from storage.engine import clocks
from storage.engine.database import Connection, scoped_to
from storage.forecasting import forecasts, scores
from storage.forecasting.forecasts import Issued
from storage.forecasting.scores import Score
from storage.herds import farms
from storage.measurements import series
from storage.measurements.series import Series

SCORED = timedelta(hours=24)
BAND = "1-4"
NOTHING = "-"

_COLUMNS = (
    *("group", "heard", "now", "forecast", "80% band"),
    *("RMSE", "last", "mean", "day ago", "14 d", "n"),
)
_NOTE = (
    "now: share of time standing in the last quarter of an hour; forecast: what was foretold for it;"
    " RMSE: of n forecasts 15 to 60 minutes ahead in the last 24 hours, back-test included, beside four baselines:"
    " the last value, the mean, the same time a day ago, the mean profile of 14 days"
)


def live_table(demo: Demo) -> RenderableType:
    """Return the table as it stands now."""
    with scoped_to(demo.engine, [demo.farm_id]) as connection:
        zone = zone_named(farms.farm(connection, demo.farm_id).time_zone)
        now = clocks.read(connection).now()
        rows = [_row(connection, one, now) for one in series.series_of(connection, demo.farm_id)]
    title = f"{now.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}, {SPEED:.0f} times as fast as the wall clock"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name == "group" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return Group(table, Text(_NOTE, style="dim"))


def _row(connection: Connection, one: Series, now: datetime) -> Sequence[str]:
    slot = floor_slot(now) - BUCKET
    measured = series.history(connection, one, slot, slot + BUCKET)
    issued = forecasts.latest(connection, one.id, until=slot)
    scored = scores.summary(connection, one.id, now - SCORED, now)
    heard = f"{measured[0].heard}/{measured[0].members}" if measured else NOTHING
    ratio = _percent(measured[0].standing_ratio if measured else None)
    return (one.name or "herd", heard, ratio, *_expected(issued, slot), *_accuracy(scored))


def _expected(issued: Issued | None, slot: datetime) -> Sequence[str]:
    if issued is None or (step := (slot - issued.issued_at) // BUCKET) >= len(issued.mean):
        return NOTHING, NOTHING
    return _percent(issued.mean[step]), f"{issued.lower80[step] * 100:.0f}-{issued.upper80[step]:.0%}"


def _accuracy(scored: Sequence[Score]) -> Sequence[str]:
    pooled = [
        scores.pooled([one for one in scored if (one.model, one.band) == (model, BAND)]) for model in scores.MODELS
    ]
    return (*(NOTHING if one is None else f"{one.rmse:.3f}" for one in pooled), str(pooled[0].n if pooled[0] else 0))


def _percent(ratio: float | None) -> str:
    return NOTHING if ratio is None else f"{ratio:.0%}"

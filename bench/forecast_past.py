"""What a region has issued in the two days before a slot, and how it was scored.

The product makes the forecasts of one slot; they are repeated for the 191 slots before, moved to their times of day.
What no cycle looks at is left out: forecasts and scores of longer ago.
"""

import sys
from typing import Final

from sqlalchemy import Connection, Engine, text

from bench.forecast_region import FIRST
from forecast.model.bands import HORIZON_BANDS
from forecast.specification import HORIZON
from storage.forecasting.forecasts import DAY
from storage.forecasting.issuing import VALUES
from storage.forecasting.scores import MODELS

_BY_STEP: Final = frozenset({"mean", "lower80", "upper80", "lower95", "upper95", "sigma"})
_BY_TIME: Final = frozenset({"seasonal_naive", "mean_profile"})


def repeat_issues(engine: Engine) -> None:
    """Let what was issued at the newest slot have been issued at each of the 191 before it too, and those be scored.

    So all that a forecast is scored for is there: each target has 192 forecasts, and each of them its own rows. Each
    says of a time of day what the newest says of it for its second day.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        rows = _repeat(connection, "forecast", "issued_at", {name: _turned(name) for name in _BY_STEP | _BY_TIME})
        _repeat(connection, "forecast_block", "issued_at", {"steps": _TURNED_BLOCK})
        _repeat(connection, "forecast_cycle", "slot", {})
        _score(connection)
    sys.stderr.write(f"{rows:,} earlier forecasts\n")


def _turned(column: str) -> str:
    """Return what makes an array begin `:moved` steps into a day that it repeats."""
    day, length = (f"{column}[{DAY + 1}:]", HORIZON) if column in _BY_STEP else (column, DAY)
    return f"({' || '.join([day] * (1 + length // DAY))})[b.moved + 1:b.moved + {length}]"


_STEP: Final = f"{4 * len(VALUES)} * cardinality(t.series)"
_SECOND_DAY: Final = f"substr(t.steps, {DAY} * {_STEP} + 1)"
_TURNED_BLOCK: Final = f"substr({' || '.join([_SECOND_DAY] * 3)}, b.moved * {_STEP} + 1, {HORIZON} * {_STEP})"
"""Bytes of a block that begins so many steps into its second day."""


def _repeat(connection: Connection, table: str, time: str, turned: dict[str, str]) -> int:
    """Write the newest rows of a table once for each slot before, slot by slot; return how many that were."""
    columns = [name for name in _columns(connection, table) if name != time]
    kept = ", ".join(turned.get(name, f"t.{name}") for name in columns)
    return connection.execute(
        text(
            f"""INSERT INTO {table} ({time}, {", ".join(columns)})
            SELECT t.{time} - b.back * interval '15 min', {kept}
            FROM (SELECT back, (-back % {DAY} + {DAY}) % {DAY} AS moved
              FROM generate_series(:slots, 1, -1) AS back) b
            CROSS JOIN {table} t WHERE t.{time} = :newest"""  # noqa: S608 - our own words
        ),
        {"slots": HORIZON - 1, "newest": FIRST},
    ).rowcount


def _columns(connection: Connection, table: str) -> list[str]:
    query = (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = :table AND is_generated = 'NEVER'"
    )
    return list(connection.execute(text(query), {"table": table}).scalars())


def _score(connection: Connection) -> None:
    """Let each slot since the oldest forecast have its sums, of errors of a tenth; the index afterwards."""
    connection.execute(text("ALTER TABLE score DROP CONSTRAINT score_pkey"))
    values = {
        "first": FIRST,
        "slots": HORIZON - 1,
        "bands": [band.name for band in HORIZON_BANDS],
        "sizes": [band.last - band.first + 1 for band in HORIZON_BANDS],
        "models": list(MODELS),
    }
    connection.execute(_SCORES, values)
    connection.execute(text("ALTER TABLE score ADD PRIMARY KEY (series_id, target, band, model, backtest)"))


_SCORES: Final = text("""
INSERT INTO score (series_id, target, band, model, n, sum_squared, sum_absolute, sum_error,
                   covered80, covered95, interval80, interval95)
SELECT s.id, CAST(:first AS timestamptz) - back * interval '15 min', b.name, model, b.size,
       b.size * 0.01, b.size * 0.1, 0, c.size * 4 / 5, c.size * 19 / 20, c.size * 0.4, c.size * 0.6
FROM generate_series(CAST(:slots AS int), 1, -1) AS back CROSS JOIN series s
CROSS JOIN unnest(CAST(:models AS text[])) AS model
CROSS JOIN unnest(CAST(:bands AS text[]), CAST(:sizes AS int[])) AS b (name, size)
CROSS JOIN LATERAL (SELECT CASE WHEN model = 'model' THEN b.size END AS size) c
ORDER BY back DESC, s.farm_id, model, s.id
""")

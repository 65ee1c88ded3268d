"""Writing forecasts: each a row for whoever reads it, all of a slot once more step by step for scoring them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from core.timeline import BUCKET
from storage.forecasting.forecasts import DAY, STEPS, Issued

VALUES: Final = (
    *("mean", "lower80", "upper80", "lower95", "upper95"),
    *("persistence", "constant_mean", "seasonal_naive", "mean_profile"),
)
"""What a block holds of each step and series, in this order."""

_TEXTS: Final = ("model", "reason", "specification")
_SCALARS: Final = ("persistence", "constant_mean")
_DAILY: Final = ("seasonal_naive", "mean_profile")
_ARRAYS: Final = ("mean", "lower80", "upper80", "lower95", "upper95", "sigma", "factors80", "factors95")
_COLUMNS: Final = ("series_id", "issued_at", "backtest", *_TEXTS, "inputs_hash", *_SCALARS, *_DAILY, *_ARRAYS)
_COPY: Final = f"COPY forecast ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_FLOAT4_OID: Final = 700
_ITEM: Final = np.dtype([("length", ">i4"), ("value", ">f4")])
_MIDNIGHT_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)

Floats32 = NDArray[np.float32]


class Steps(NamedTuple):
    """What was foretold for one slot by one cycle.

    Attributes:
        issued_at: When.
        backtest: In hindsight.
        series: Ids, shape `(n,)`.
        values: Shape `(n, 9)`, see `VALUES`; NaN is not known.
    """

    issued_at: datetime
    backtest: bool
    series: NDArray[np.int32]
    values: Floats32


def issue(connection: Connection, forecasts: Sequence[Issued]) -> None:
    """Write forecasts; what was issued before for the same series and slot stays as it is."""
    query = "SELECT farm_id, array_agg(id) FROM series WHERE id = ANY (:series) GROUP BY 1 ORDER BY 1"
    for farm_id, ids in connection.execute(text(query), {"series": [one.series_id for one in forecasts]}):
        of_farm = set(ids)
        _write_forecasts(connection, farm_id, [one for one in forecasts if one.series_id in of_farm])


def _write_forecasts(connection: Connection, farm_id: int, forecasts: Sequence[Issued]) -> None:
    for issued_at in sorted({one.issued_at for one in forecasts}):
        there = _written(connection, farm_id, issued_at)
        new = [one for one in forecasts if one.issued_at == issued_at and one.series_id not in there]
        _write_rows(connection, new)
        for backtest in (False, True):
            _write_block(connection, farm_id, issued_at, [one for one in new if one.backtest == backtest])


def steps_for(connection: Connection, farm_id: int, target: datetime) -> list[Steps]:
    """Return what was foretold for a slot by everything issued in the 48 hours before it."""
    start = target - (STEPS - 1) * BUCKET
    values = {"farm": farm_id, "target": target, "start": start, "size": 4 * len(VALUES)}
    blocks = connection.execute(_SLICES, values).all()
    loose = [block.issued_at for block in blocks if not block.series]
    rows = connection.execute(_ROWS, values | {"loose": loose}).all() if loose else []
    found = np.array([row[3:] for row in rows], np.float32).reshape(-1, len(VALUES))
    return [
        Steps(block.issued_at, block.backtest, np.array(block.series), np.frombuffer(block.slice, "<f4").reshape(-1, 9))
        for block in blocks
        if block.series
    ] + [
        Steps(row.issued_at, row.backtest, np.array([row.series_id]), found[place : place + 1])
        for place, row in enumerate(rows)
    ]


_SLICES: Final = text("""
SELECT issued_at, backtest, series,
       substr(steps, ((extract(epoch FROM CAST(:target AS timestamptz) - issued_at) / 900)::int
         * cardinality(series) * :size) + 1, cardinality(series) * :size) AS slice
FROM forecast_block WHERE farm_id = :farm AND issued_at BETWEEN :start AND :target
ORDER BY issued_at, backtest
""")

_ROWS: Final = text("""
SELECT f.issued_at, f.backtest, f.series_id, f.mean[h.step], f.lower80[h.step], f.upper80[h.step], f.lower95[h.step],
       f.upper95[h.step], f.persistence, f.constant_mean, f.seasonal_naive[d.step], f.mean_profile[d.step]
FROM series s JOIN forecast f ON f.series_id = s.id AND f.issued_at = ANY (:loose)
JOIN forecast_block b ON b.farm_id = s.farm_id AND b.issued_at = f.issued_at AND b.backtest = f.backtest
CROSS JOIN LATERAL (SELECT (extract(epoch FROM CAST(:target AS timestamptz) - f.issued_at) / 900)::int + 1 AS step) h
CROSS JOIN LATERAL (SELECT (h.step - 1) % 96 + 1 AS step) d
WHERE s.farm_id = :farm AND cardinality(b.series) = 0
ORDER BY 1, 2, 3
""")


def _written(connection: Connection, farm_id: int, issued_at: datetime) -> set[int]:
    """Return the series of a farm that have a forecast of a slot."""
    query = """SELECT s.id FROM series s JOIN forecast f ON f.series_id = s.id AND f.issued_at = :issued_at
    WHERE s.farm_id = :farm"""
    return set(connection.execute(text(query), {"farm": farm_id, "issued_at": issued_at}).scalars())


def _write_rows(connection: Connection, forecasts: Sequence[Issued]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_HEADER)
        for one in forecasts:
            copy.write(_row(one))
        copy.write(_END)


def _row(one: Issued) -> bytes:
    since_2000 = (one.issued_at - _MIDNIGHT_2000) // timedelta(microseconds=1)
    fields = [pack(">i", one.series_id), pack(">q", since_2000), pack(">?", one.backtest)]
    fields += [getattr(one, name).encode() for name in _TEXTS]
    fields.append(one.inputs_hash)
    scalars = [pack(">f", values[0]) if (values := getattr(one, name)) else None for name in _SCALARS]
    arrays = [_array(getattr(one, name)[:DAY]) for name in _DAILY] + [_array(getattr(one, name)) for name in _ARRAYS]
    told = [_NULL if field is None else pack(">i", len(field)) + field for field in (*fields, *scalars, *arrays)]
    return pack(">h", len(_COLUMNS)) + b"".join(told)


def _array(values: Sequence[float]) -> bytes:
    """Write an array of `real` as PostgreSQL's binary format has it: dimensions, nulls, type; length, first index."""
    if not len(values):
        return pack(">iii", 0, 0, _FLOAT4_OID)
    items = np.empty(len(values), _ITEM)
    items["length"], items["value"] = 4, values
    return pack(">iiiii", 1, 0, _FLOAT4_OID, len(values), 1) + items.tobytes()


def _write_block(connection: Connection, farm_id: int, issued_at: datetime, forecasts: Sequence[Issued]) -> None:
    """Write forecasts of one slot and kind; where some were written before, the rows have to do."""
    if not forecasts:
        return
    steps = np.full((STEPS, len(forecasts), len(VALUES)), np.nan, "<f4")
    for place, one in enumerate(forecasts):
        for column, name in enumerate(VALUES):
            if len(values := getattr(one, name)):
                steps[:, place, column] = values
    connection.execute(
        text(
            """INSERT INTO forecast_block VALUES (:farm, :issued_at, :backtest, :series, :steps)
            ON CONFLICT (farm_id, issued_at, backtest) DO UPDATE SET series = '{}', steps = ''"""
        ),
        {
            "farm": farm_id,
            "issued_at": issued_at,
            "backtest": forecasts[0].backtest,
            "series": [one.series_id for one in forecasts],
            "steps": steps.tobytes(),
        },
    )

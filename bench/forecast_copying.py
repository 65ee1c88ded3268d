"""Rows in bulk: PostgreSQL's binary COPY format made of whole columns at once, for millions of rows of one width."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Connection

from core.timeline import to_ms
from forecast.inputs import Floats

INT2: Final = ">i2"
INT4: Final = ">i4"
FLOAT4: Final = ">f4"
TIME: Final = ">i8"
"""Microseconds since 2000, see `microseconds`."""

BIT900: Final = np.dtype([("length", ">i4"), ("bits", "V113")])
_ITEM: Final = np.dtype([("length", ">i4"), ("value", FLOAT4)])
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_FLOAT4_OID: Final = 700
_MS_2000: Final = 946_684_800_000

Column = tuple[DTypeLike, Any]
"""Type, and values of shape `(rows,)` or one for all rows."""


def copy_rows(connection: Connection, table: str, columns: Mapping[str, Column], *, frozen: bool = False) -> None:
    """Write rows, none of them with a null.

    Args:
        connection: An open transaction.
        table: Where to.
        columns: By name; at least one has a value for each row.
        frozen: As rows that everybody sees for good; for a table that was emptied in this transaction.
    """
    driver: Any = connection.connection.driver_connection
    freeze = ", FREEZE" if frozen else ""
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY{freeze})") as copy,
    ):
        copy.write(_HEADER)
        copy.write(packed(*columns.values()))
        copy.write(_END)


def packed(*columns: Column) -> bytes:
    """Return rows as they stand between the header and the end."""
    kinds = [np.dtype(kind) for kind, _ in columns]
    fields: list[tuple[str, DTypeLike]] = [("fields", INT2)]
    for place, kind in enumerate(kinds):
        fields += [(f"length{place}", INT4), (f"value{place}", kind)]
    rows = np.zeros(max(np.size(values) for _, values in columns), np.dtype(fields))
    rows["fields"] = len(columns)
    for place, (kind, (_, values)) in enumerate(zip(kinds, columns, strict=True)):
        rows[f"length{place}"], rows[f"value{place}"] = kind.itemsize, values
    return rows.tobytes()


def microseconds(first: datetime, step_s: int, count: int) -> NDArray[np.int64]:
    """Return instants on a grid from an aware one on, as values of a column `TIME`."""
    return (to_ms(first) - _MS_2000) * 1000 + np.arange(count, dtype=np.int64) * step_s * 1_000_000


def real_arrays(values: Floats) -> Column:
    """Return a column of arrays of `real`, from shape `(rows, items)`; NaN stays NaN."""
    rows, items = values.shape
    kind = np.dtype([("header", ">i4", 5), ("items", _ITEM, items)])
    made = np.empty(rows, kind)
    made["header"] = 1, 0, _FLOAT4_OID, items, 1
    made["items"]["length"], made["items"]["value"] = 4, values
    return kind, made

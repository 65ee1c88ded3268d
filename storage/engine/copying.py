"""Rows that PostgreSQL itself writes as CSV or as columns of numbers, within the transaction and role of whoever asks.

All of a key, such as an animal, come as one value. `COPY` would send each row as a message of its own, which costs
whoever takes them one by one in Python five times what it costs the database to write them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart, what stands before the decimals, and whether a byte order mark comes first."""

    delimiter: str
    decimal: str
    has_mark: bool


RFC_4180: Final = Dialect(",", ".", has_mark=False)
FRENCH: Final = Dialect(";", ",", has_mark=True)
"""What a French spreadsheet opens without asking; without the mark it would not take the file for UTF-8."""


class Copied(NamedTuple):
    """A column of a query: its name there, and whether it is an instant (whole seconds), or has decimals, or is whole.

    Text must come as it is to stand in a cell, quoted where it must be.
    """

    name: str
    kind: Literal["instant", "number", "integer", "text"]


class Rows(NamedTuple):
    """Rows to be copied.

    Attributes:
        query: With `:name` for values.
        values: By name.
        key: Column of whole numbers by which rows are put together.
        order: Column by which they are ordered.
    """

    query: str
    values: Mapping[str, Any]
    key: str
    order: str


def as_csv(
    connection: Connection, rows: Rows, columns: Sequence[Copied], *, dialect: Dialect, zone: str
) -> list[tuple[int, bytes]]:
    """Return the rows of each key as CSV without a row of names, lines ended as RFC 4180 has it.

    Args:
        connection: Of a transaction, whose time zone changes.
        rows: What is copied.
        columns: Those of the query that are wanted, in their order.
        dialect: How cells are written.
        zone: IANA time zone of the instants.
    """
    if zone != "UTC":
        connection.execute(text("SELECT set_config('timezone', :zone, true)"), {"zone": zone})
    line = ", ".join(_line(columns, dialect, zone))
    found = _by_key(connection, rows, [f"string_agg(concat({line}), '' ORDER BY q.{rows.order})"])
    return [(key, written.encode()) for key, written in found]


def as_arrays(connection: Connection, rows: Rows, columns: Sequence[Copied]) -> list[tuple[int, list[bytes]]]:
    """Return of each key the columns, each as numbers of eight bytes, the most significant first.

    Instants are microseconds since 1970; numbers with decimals are of IEEE 754, and what is null is not a number.
    """
    sent = [f"string_agg({_SENT[column.kind].format(column.name)}, '' ORDER BY q.{rows.order})" for column in columns]
    return [(key, arrays) for key, *arrays in _by_key(connection, rows, sent)]


_SENT: Final = {
    "instant": "int8send(CAST(date_part('epoch', q.{}) * 1000000 AS bigint))",
    "integer": "int8send(CAST(q.{} AS bigint))",
    "number": "float8send(CAST(coalesce(CAST(q.{} AS text), 'NaN') AS double precision))",
}
"""A `real` is told in text by the digits that it was written with; made wider as it is, it would have some more."""


def _by_key(connection: Connection, rows: Rows, wanted: Sequence[str]) -> Sequence[Any]:
    query = f"SELECT q.{rows.key}, {', '.join(wanted)} FROM ({rows.query}) q GROUP BY 1"  # noqa: S608 - our own names
    return connection.execute(text(query), rows.values).all()


def _line(columns: Sequence[Copied], dialect: Dialect, zone: str) -> Iterator[str]:
    """Yield what a line is put together of."""
    for place, column in enumerate(columns):
        if place:
            yield f"'{dialect.delimiter}'"
        yield from _cell(column, dialect, zone)
    yield "E'\\r\\n'"


def _cell(column: Copied, dialect: Dialect, zone: str) -> Iterator[str]:
    """Yield a cell, or its parts; of several ways to write it the one that takes the database least."""
    if column.kind == "instant" and zone == "UTC":
        yield f"replace(CAST(q.{column.name} AT TIME ZONE 'UTC' AS text), ' ', 'T')"
        yield "'Z'"
    elif column.kind == "instant":  # written for JSON they come as RFC 3339 has them
        yield f"split_part(CAST(to_json(q.{column.name}) AS text), '\"', 2)"
    elif column.kind == "number" and dialect.decimal != ".":
        yield f"replace(CAST(q.{column.name} AS text), '.', '{dialect.decimal}')"
    else:
        yield f"q.{column.name}"

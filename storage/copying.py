"""Rows that PostgreSQL itself writes as CSV, within the transaction and the role of whoever asks.

All of them come as one value. `COPY` would send each row as a message of its own, which costs whoever takes them one by
one in Python five times what it costs the database to write them.
"""

from collections.abc import Mapping, Sequence
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
    """A column of a query: its name there, and whether it is an instant (whole seconds) or has decimals.

    Other columns are written as PostgreSQL does; text must come as it is to stand in a cell, quoted where it must be.
    """

    name: str
    kind: Literal["instant", "number", "other"] = "other"


def copied(
    connection: Connection,
    query: str,
    values: Mapping[str, Any],
    columns: Sequence[Copied],
    *,
    dialect: Dialect,
    zone: str,
) -> bytes:
    """Return the rows of a query as CSV without a row of names, lines ended as RFC 4180 has it.

    Args:
        connection: Of a transaction, whose time zone changes.
        query: With `:name` for values.
        values: By name.
        columns: Those of the query that are wanted, in their order.
        dialect: How cells are written.
        zone: IANA time zone of the instants.
    """
    connection.execute(text("SELECT set_config('timezone', :zone, true)"), {"zone": zone})
    between = f", '{dialect.delimiter}', "
    cells = between.join(_written(column, dialect, zone) for column in columns)
    rows = f"SELECT string_agg(concat({cells}, E'\\r\\n'), '') FROM ({query}) q"  # noqa: S608 - our own names
    written: str | None = connection.execute(text(rows), values).scalar_one()
    return (written or "").encode()


def _written(column: Copied, dialect: Dialect, zone: str) -> str:
    if column.kind == "instant":  # written for JSON they come as RFC 3339 has them, in less time than by `to_char`
        written = f"to_json(q.{column.name})::text"
        return f"substr({written}, 2, 19) || 'Z'" if zone == "UTC" else f"trim('\"' FROM {written})"
    if column.kind == "number" and dialect.decimal != ".":
        return f"replace(q.{column.name}::text, '.', '{dialect.decimal}')"
    return f"q.{column.name}"

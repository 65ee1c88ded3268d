"""Rows that PostgreSQL itself writes as CSV: `COPY`, within the transaction and the role of whoever asks."""

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

    Other columns are written as PostgreSQL does; text must hold no line break and nothing that a spreadsheet runs.
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
    wanted = ", ".join(_written(column, dialect, zone) for column in columns)
    rows = f"SELECT {wanted} FROM ({_pyformat(connection, query)}) q"  # noqa: S608 - our own names
    statement = f"COPY ({rows}) TO STDOUT (FORMAT csv, DELIMITER '{dialect.delimiter}')"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement, values) as written:
        return b"".join(written).replace(b"\n", b"\r\n")


def _written(column: Copied, dialect: Dialect, zone: str) -> str:
    if column.kind == "instant":  # written for JSON they come as RFC 3339 has them, in less time than by `to_char`
        written = f"to_json(q.{column.name})::text"
        return f"substr({written}, 2, 19) || 'Z'" if zone == "UTC" else f"trim('\"' FROM {written})"
    if column.kind == "number" and dialect.decimal != ".":
        return f"replace(q.{column.name}::text, '.', '{dialect.decimal}')"
    return f"q.{column.name}"


def _pyformat(connection: Connection, query: str) -> str:
    """Return a query as the driver itself takes it."""
    return str(text(query).compile(dialect=connection.dialect))

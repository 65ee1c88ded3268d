"""Everything of a farm in one zip, as it was at one instant: sent while it is read, in constant memory.

Each table is a CSV that PostgreSQL itself writes (`COPY`), each file of a training a file; `manifest.json`, the last
of all, tells what every column means, and the number of rows and the sha256 of each file.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain
from threading import Timer
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from core.errors import ConflictError, UnavailableError
from core.problem_texts import say
from storage.engine.database import newest_version, see_farms
from storage.leaving.streamed_zip import StreamedZip
from storage.schema.farm_tables import KEPT_BACK, OF_FARM

FORMAT: Final = 1
"""Of the export; another number means that a reader has to look again."""

LONGEST: Final = timedelta(hours=2)
"""After which an export is cut off: as long as somebody reads one, the database keeps what is deleted meanwhile."""

_EXPORT_LOCK: Final = 0x6578
"""Class of the advisory locks of exports, one a farm."""

_FORM: Final = (
    "CSV as in RFC 4180 with a row of names; times in UTC; an empty cell is null, a quoted empty one an empty text; "
    "bytea as \\x and hexadecimal digits; texts exactly as people wrote them"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, its type in PostgreSQL, and what it means, units included."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the export, as the manifest tells it; `rows` and `columns` are those of a table."""

    name: str
    about: str
    bytes: int
    sha256: str
    rows: int | None = None
    columns: tuple[Column, ...] = ()


File = tuple[str, str, Iterable[bytes]]
"""Name, what it is, and the contents."""


@contextmanager
def snapshot(engine: Engine, farm_id: int) -> Iterator[Connection]:
    """Open a transaction that sees one instant of one farm, to be exported.

    Raises:
        ConflictError: the farm is being exported already.
        UnavailableError: the database does not answer.
    """
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
            see_farms(connection, [farm_id], administered=[farm_id])
            free, backend, *_ = connection.execute(_BEGIN, {"kind": _EXPORT_LOCK, "farm": farm_id}).one()
            if not free:
                raise ConflictError(say("export_under_way"))
            connection.detach()  # from the pool, which would roll it back amid a COPY if it were found as garbage
            with _limited(engine, backend):
                yield connection
    except (OperationalError, NoneFreeError) as error:
        raise UnavailableError(say("database_away")) from error


_BEGIN: Final = text(
    """SELECT pg_try_advisory_xact_lock(:kind, :farm), pg_backend_pid(),
    set_config('timezone', 'UTC', true), set_config('statement_timeout', '0', true)"""
)


@contextmanager
def _limited(engine: Engine, backend: int) -> Iterator[None]:
    limit = Timer(LONGEST.total_seconds(), _cut_off, (engine, backend))
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _cut_off(engine: Engine, backend: int) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})


def packed(
    connection: Connection, farm: str, at: datetime, *, mlflow: str, more: Callable[[], Iterable[File]] = tuple
) -> Iterator[bytes]:
    """Yield the zip of a farm.

    Args:
        connection: Of `snapshot`; used until the last byte is taken.
        farm: Its name.
        at: When, on the wall clock, for the manifest.
        mlflow: What the manifest says of MLflow.
        more: Files from elsewhere, made when it is their turn.
    """
    made, entries = StreamedZip(), []
    for table in OF_FARM:
        entry = yield from _table(connection, made, table)
        entries.append(entry)
    for name, about, content in chain(_artefacts(connection), more()):
        written = yield from made.add(name, content)
        entries.append(Entry(name, about, *written))
    told = {
        "format": FORMAT,
        "farm": farm,
        "at": at.isoformat(),
        "schema": newest_version(),
        "form": _FORM,
        "kept_back": {table: sorted(columns) for table, columns in KEPT_BACK.items()},
        "mlflow": mlflow,
        "files": [asdict(entry) for entry in entries],
    }
    yield from made.add("manifest.json", [json.dumps(told, indent=1, ensure_ascii=False).encode()])
    yield made.end()


_NAMES: Final = text(
    """SELECT v.attname, format_type(t.atttypid, t.atttypmod), coalesce(col_description(t.attrelid, t.attnum), '')
    FROM pg_attribute v JOIN pg_attribute t ON t.attrelid = to_regclass('public.' || :table) AND t.attname = v.attname
    WHERE v.attrelid = to_regclass('exported.' || :table) AND v.attnum > 0 AND v.attname <> ALL (:apart)
    ORDER BY v.attnum"""
)
_ABOUT: Final = text("SELECT coalesce(obj_description(to_regclass('public.' || :table), 'pg_class'), '')")
_APART: Final = {"training_artefact": ["content"]}
"""Columns that are files of their own."""


def _table(connection: Connection, made: StreamedZip, table: str) -> Generator[bytes, None, Entry]:
    values = {"table": table, "apart": _APART.get(table, [])}
    columns = tuple(Column(*row) for row in connection.execute(_NAMES, values))
    about = connection.execute(_ABOUT, {"table": table}).scalar_one()
    names = ", ".join(f'"{column.name}"' for column in columns)
    query = f"COPY (SELECT {names} FROM exported.{table}) TO STDOUT (FORMAT csv, HEADER)"  # noqa: S608 - our own names
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor:
        with cursor.copy(query) as rows:
            written = yield from made.add(f"{table}.csv", rows)
        return Entry(f"{table}.csv", about, *written, rows=cursor.rowcount, columns=columns)


def _artefacts(connection: Connection) -> Iterator[File]:
    known = text("SELECT training_id, name FROM exported.training_artefact ORDER BY training_id, name")
    query = text("SELECT content FROM exported.training_artefact WHERE training_id = :training AND name = :name")
    for training, name in connection.execute(known).all():
        content = connection.execute(query, {"training": training, "name": name}).scalar_one()
        yield f"trainings/{training}/{name}", f"A file of training {training}.", [bytes(content)]

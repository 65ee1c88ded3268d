"""Tables that TimescaleDB keeps by time and in columns, where the server has it; everything works the same without.

What is written and read is the same SQL on both. Only here is told which tables grow with time, how they are cut, and
from when on they are stored by columns.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from core.logs import get_logger
from storage.schema.guarding import may_do_anything

__all__ = ["HYPERTABLES", "Hypertable", "adopt", "drop_before", "made", "plan_by_value"]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hypertable:
    """How a table is kept.

    Attributes:
        table: Its name.
        time: The column that it is cut by.
        chunk: How much time one piece holds; retention drops whole ones.
        segment_by: The columns whose rows are stored together: a generation told anew unpacks none of those before.
        order_by: Columns that these are ordered by; with `segment_by` the primary key.
        rows_for: How long after its end a piece stays stored by rows: longer than collars are usually away.
    """

    table: str
    time: str
    chunk: timedelta
    segment_by: str
    order_by: str
    rows_for: timedelta


_WEEK: Final = timedelta(days=7)
_MONTH: Final = timedelta(days=28)

HYPERTABLES: Final = (
    Hypertable("stored_evidence", "bucket", _WEEK, "collar_id, method", "bucket", 2 * _WEEK),
    Hypertable("stored_window", "bucket", _WEEK, "animal_id", "bucket", 2 * _WEEK),
    Hypertable("motion", "at", timedelta(days=1), "collar_id", "at, digest", timedelta(days=2)),
    Hypertable("forecast", "issued_at", _WEEK, "series_id", "issued_at", timedelta(days=3)),
    Hypertable("score", "target", _WEEK, "series_id", "band, model, backtest, target", 2 * _WEEK),
    Hypertable("weather_forecast", "issued_at", _MONTH, "farm_id", "issued_at", _WEEK),
    Hypertable("battery_day", "day", 4 * _MONTH, "collar_id", "day", 2 * _WEEK),
)
"""Chunk sizes are argued in docs/adr/0016."""


def adopt(connection: Connection) -> list[str]:
    """Make hypertables of those tables that are none yet, if the server has TimescaleDB; return which.

    What the tables hold moves with them, in this transaction: nobody else can use them meanwhile.
    """
    if not _can_have_extension(connection):
        return []
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
    _make_bits_hashable(connection)
    lacking = [one for one in HYPERTABLES if one.table not in made(connection)]
    for one in lacking:
        _convert(connection, one)
        log.info("hypertable.made", table=one.table)
    return [one.table for one in lacking]


def made(connection: Connection) -> frozenset[str]:
    """Return the names of our tables that are hypertables; none without the extension."""
    if connection.execute(text("SELECT to_regclass('timescaledb_information.hypertables')")).scalar() is None:
        return frozenset()
    query = "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'public'"
    return frozenset(connection.execute(text(query)).scalars())


def drop_before(connection: Connection, table: str, before: datetime) -> int:
    """Drop the pieces of a hypertable all of which is older than an instant; return how many rows went.

    A piece that reaches beyond the instant stays as a whole.
    """
    query = text("SELECT animov_drop_chunks(:table, :before)")
    return int(connection.execute(query, {"table": table, "before": before}).scalar_one())


def plan_by_value(connection: Connection) -> None:
    """Have the rest of this transaction planned for the values that it is run with.

    For who deletes rows, or what rows hang on: of values that the planner knows it can tell which batches they are in,
    and of no others, so a statement prepared for any value would unpack whole tables. Reading needs it not.
    """
    connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


_AVAILABLE: Final = text("""
SELECT current_setting('timescaledb.disable_load', true) IS NOT NULL
  AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
""")
"""A server that has the extension, but was not started with it, breaks the connection of whoever creates it; one that
was has this setting from the beginning of a session."""


def _can_have_extension(connection: Connection) -> bool:
    return bool(connection.execute(_AVAILABLE).scalar_one())


_HASHABLE: Final = text("""
SELECT EXISTS (SELECT FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
  WHERE a.amname = 'hash' AND c.opcintype = 'bit'::regtype AND c.opcdefault)
""")
_MAKE_HASHABLE: Final = text("""
CREATE FUNCTION animov_hash_bits(bit) RETURNS int LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
COMMENT ON FUNCTION animov_hash_bits(bit) IS 'Lets TimescaleDB note bits that come again by number.';
CREATE OPERATOR CLASS animov_bits DEFAULT FOR TYPE bit USING hash
  AS OPERATOR 1 = (bit, bit), FUNCTION 1 animov_hash_bits(bit)
""")


def _make_bits_hashable(connection: Connection) -> None:
    """Let columns of bits be stored by a dictionary; only a superuser may, and without it they take a tenth more.

    Values of types that can't be hashed are stored one after the other, also where a herd stands still for hours.
    """
    if connection.execute(_HASHABLE).scalar_one():
        return
    if may_do_anything(connection):
        connection.execute(_MAKE_HASHABLE)
    else:
        log.info("hypertable.bits_not_hashable")


def _convert(connection: Connection, one: Hypertable) -> None:
    values = {"table": one.table, "time": one.time, "chunk": one.chunk, "after": one.rows_for}
    connection.execute(
        text(
            """SELECT create_hypertable(CAST(:table AS regclass), by_range(:time, CAST(:chunk AS interval)),
              create_default_indexes => false, migrate_data => true)"""
        ),
        values,
    )
    connection.execute(
        text(
            f"""ALTER TABLE {one.table} SET (timescaledb.enable_columnstore,
            timescaledb.segmentby = '{one.segment_by}', timescaledb.orderby = '{one.order_by}')"""
        )
    )
    # not at once, while what was moved is first used: who reads a piece and then writes might deadlock with the policy
    connection.execute(
        text(
            """CALL add_columnstore_policy(CAST(:table AS regclass), after => CAST(:after AS interval),
              initial_start => now() + interval '1 hour')"""
        ),
        values,
    )

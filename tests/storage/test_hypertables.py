"""Tables stored in pieces and columns hold the rows that they would hold otherwise, whatever comes late."""

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from alembic import command
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from bench.waiting import wait_until
from core import bits
from core.errors import UnavailableError
from core.method import Rule, method
from core.settings import Settings
from core.timeline import BUCKET, bucket_of
from storage.engine import database
from storage.engine.database import scoped_to, see_farms
from storage.evidence import batteries, sink, windows
from storage.evidence.sink import Unit
from storage.forecasting import scores, weather
from storage.forecasting.scores import Sums
from storage.herds import calibrations, herd, herd_names
from storage.herds.calibrations import Reading
from storage.herds.herd import During
from storage.leaving import deletions, emptying
from storage.measurements import hours, ratios, series
from storage.schema import hypertables
from storage.schema.hypertables import HYPERTABLES
from storage.upkeep import backup
from storage.upkeep.retention import apply_retention
from storage.upkeep.status import database_status
from tests import databases

pytestmark = pytest.mark.timescaledb

START = datetime(2026, 5, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
BUCKETS = [START + days * timedelta(days=1) for days in (0, 1, 9, 30)]
COLLARS = 2
LEG = method(Rule.LEG)
REPEATED = 14
"""A statement is prepared once it was run five times, and planned for any value once that was run five times."""

contributions = st.lists(
    st.tuples(
        st.integers(1, COLLARS),
        st.sampled_from(BUCKETS),
        st.integers(0, 3).map(lambda place: bits.between(10 * place, 10 * place + 15)),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
flushes = st.lists(st.tuples(contributions, st.booleans()), min_size=1, max_size=4)


@pytest.fixture
def engine(engine):
    """The database, of which nothing is stored by columns unless a test says so."""
    with engine.begin() as connection:
        jobs = "SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"
        connection.execute(text(f"SELECT alter_job(job_id, scheduled => false) FROM ({jobs}) j"))
    return engine


def settle(engine):
    """Two animals, each of which wears the collar of its number."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        for number in range(1, COLLARS + 1):
            collar = herd._ensure(connection, "collar", farm, f"tag-{number}")
            herd.assign(connection, collar, herd.ensure_animal(connection, farm, f"goat-{number}"))
        return farm, connection.execute(text("SELECT registry_version FROM farm")).scalar_one()


def flush(url, farm, said, by=LEG):
    """Commit `(collar, bucket, seconds, stands)` as an edge does, told by a method."""
    evidence = {}
    for collar, bucket, seconds, stands in said:
        key = collar, bucket_of(bucket), by
        old = evidence.get(key, (0, 0, 0))
        new = seconds, seconds if stands else 0, 0 if stands else seconds
        evidence[key] = tuple(one | other for one, other in zip(old, new, strict=True))

    async def commit():
        connection = await sink.connect(url)
        await sink.commit(connection, Unit(evidence=evidence, registry=dict([farm])))
        await connection.close()

    asyncio.run(commit())


def into_columns(engine, *tables):
    """Store all pieces of some tables by columns."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables or ("stored_evidence", "stored_window"):
            chunks = connection.execute(text("SELECT show_chunks(CAST(:table AS regclass))::text"), {"table": table})
            for chunk in chunks.scalars().all():
                connection.execute(text(f"CALL convert_to_columnstore('{chunk}', if_not_columnstore => true)"))


def rows(engine, table="stored_window"):
    with engine.connect() as connection:
        return sorted(map(str, connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()))


def by_rows(engine, table="stored_window"):
    """How many rows of a table are stored by rows, in pieces that are stored by columns."""
    query = """SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks
    WHERE hypertable_name = :table AND is_compressed"""
    with engine.connect() as connection:
        chunks = connection.execute(text(query), {"table": table}).scalars().all()
        return sum(connection.execute(text(f"SELECT count(*) FROM ONLY {chunk}")).scalar_one() for chunk in chunks)


def test_each_table_that_grows_is_cut_by_time_and_stored_by_columns_once_it_is_old(engine):
    query = """SELECT h.hypertable_name, string_agg(c.attname, ', ' ORDER BY c.segmentby_column_index), d.time_interval
    FROM timescaledb_information.hypertables h
    JOIN timescaledb_information.dimensions d USING (hypertable_schema, hypertable_name)
    JOIN timescaledb_information.compression_settings c USING (hypertable_schema, hypertable_name)
    JOIN timescaledb_information.jobs j USING (hypertable_schema, hypertable_name)
    WHERE c.segmentby_column_index IS NOT NULL AND h.compression_enabled GROUP BY 1, 3"""
    with engine.begin() as connection:
        assert hypertables.adopt(connection) == []
        found = {name: tuple(cut) for name, *cut in connection.execute(text(query))}

    assert found == {one.table: (one.segment_by, one.chunk) for one in HYPERTABLES}


def test_what_adopting_does_is_undone_with_its_transaction(server_url, database_url, engine):
    with plain(server_url) as older:
        with older.connect() as connection:
            assert hypertables.adopt(connection)
            connection.rollback()
        with older.connect() as connection:
            assert hypertables.made(connection) == frozenset()


def test_a_database_that_gets_the_extension_later_keeps_every_row(server_url):
    with plain(server_url) as older:
        farm = settle(older)
        flush(older.url.render_as_string(hide_password=False).replace("+psycopg", ""), farm, everything())
        fill_others(older, farm[0])
        before = {one.table: rows(older, one.table) for one in HYPERTABLES}
        database.upgrade(older)

        with older.connect() as connection:
            assert hypertables.made(connection) == {one.table for one in HYPERTABLES}
        assert {table: rows(older, table) for table in before} == before
        assert all(before.values())


@contextmanager
def plain(server_url):
    """Have a database with our tables and without the extension for the time of a block."""
    with databases.made(server_url) as url, databases.opened(url) as engine:
        with engine.begin() as connection:
            command.upgrade(database._config(connection), "head")
        yield engine


def everything():
    return [(collar, bucket, bits.between(0, 600), True) for collar in range(1, COLLARS + 1) for bucket in BUCKETS]


def fill_others(engine, farm):
    """A row of each table that is no evidence and no window."""
    with engine.begin() as connection:
        herd_series = series.ensure_series(connection, farm)[0]
        score = Sums(herd_series.id, START, "1-4", "model", False, 4, 0.04, 0.4, 0.4, 3, 4, 1.0, 1.0)
        scores.replace_scores(connection, [herd_series.id], [START], [score])
        nothing = dict.fromkeys(("mean", "lower80", "upper80", "lower95"), "array_fill(0.5::real, ARRAY[192])")
        connection.execute(
            text(
                f"""INSERT INTO forecast (series_id, issued_at, model, specification, inputs_hash, {", ".join(nothing)},
                upper95, seasonal_naive, mean_profile)
                SELECT {herd_series.id}, :at, 'm', '', '', {", ".join(nothing.values())},
                array_fill(0.5::real, ARRAY[192]), '{{}}', '{{}}'"""
            ),
            {"at": START},
        )
        weather.store(connection, farm, START, weather.Hourly(START, [1.0], [1.0], [1.0], [1.0], [1.0]))
        driver = connection.connection.driver_connection
        driver.execute(batteries.KEEP, (1, START, 3.5))
        connection.execute(
            text("INSERT INTO motion VALUES (1, :at, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0)"), {"at": START}
        )


@settings(max_examples=10)
@given(flushes=flushes)
def test_whenever_pieces_are_stored_by_columns_the_rows_are_those_of_tables_that_never_are(
    engine, database_url, flushes
):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm, stored_evidence, stored_window RESTART IDENTITY CASCADE"))
    farm = settle(engine)
    for said, stored in flushes:
        flush(database_url, farm, said)
        if stored:
            into_columns(engine)
    found = rows(engine), rows(engine, "stored_evidence")
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE stored_evidence, stored_window"))
    flush(database_url, farm, [one for said, _ in flushes for one in said])

    assert found == (rows(engine), rows(engine, "stored_evidence"))


def test_what_is_late_unpacks_the_batches_it_touches_and_a_repetition_of_what_is_new_none(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    before = rows(engine)
    flush(database_url, farm, [(1, BUCKETS[2], bits.between(0, 900), True)])

    assert rows(engine) != before
    assert by_rows(engine) == by_rows(engine, "stored_evidence") == 1
    flush(database_url, farm, [(1, BUCKETS[-1] + 70 * WEEK, bits.between(0, 900), True)] * 2)
    assert by_rows(engine) == 1


def test_a_generation_told_anew_unpacks_no_evidence_of_the_one_before(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    flush(database_url, farm, everything(), method(Rule.LEG, 1))

    assert len(rows(engine, "stored_evidence")) == 2 * COLLARS * len(BUCKETS)
    assert by_rows(engine, "stored_evidence") == COLLARS * len(BUCKETS)  # the new ones


def test_hours_follow_late_data_and_a_generation_published_over_stored_pieces(engine, database_url):
    farm = settle(engine)
    with engine.begin() as connection:
        series.ensure_series(connection, farm[0])
        for generation in range(2):
            calibrations.append(connection, 1, generation, Reading("leg"), None)
        farm = farm[0], connection.execute(text("SELECT registry_version FROM farm")).scalar_one()
    flush(database_url, farm, everything())
    added_up(engine, farm[0])
    into_columns(engine)
    flush(database_url, farm, [(2, BUCKETS[1] + BUCKET, bits.ALL, True)])
    flush(database_url, farm, [(1, BUCKETS[1], bits.between(0, 700), False)], method(Rule.LEG, 1))
    with engine.begin() as connection:
        calibrations.publish(connection, 1, 1)

    assert added_up(engine, farm[0]) == [
        (bucket, 600 * COLLARS, 600 * COLLARS) if bucket != BUCKETS[1] else (bucket, 2200, 1500) for bucket in BUCKETS
    ]


def added_up(engine, farm):
    """Hours, known and standing seconds of the herd once its changes were taken."""
    with scoped_to(engine, [farm]) as connection:
        ratios.refresh(connection, farm, START, BUCKETS[-1] + BUCKET)
    while hours.keep(engine, farm):
        pass
    with engine.connect() as connection:
        return connection.execute(text("SELECT hour, known_s, standing_s FROM series_hour ORDER BY hour")).all()


def test_a_late_upload_may_unpack_more_than_the_extension_allows_by_default(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, [(1, START + n * BUCKET, bits.ALL, True) for n in range(6)])
    into_columns(engine)
    late = [(1, START + n * BUCKET, bits.between(0, 5), False) for n in range(6)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        limit = "timescaledb.max_tuples_decompressed_per_dml_transaction"
        connection.execute(f"ALTER DATABASE {name} SET {limit} = 2")
    with psycopg.connect(database_url) as foreign, pytest.raises(psycopg.Error, match="decompression limit"):
        foreign.execute("UPDATE stored_window SET received_s = 1 WHERE animal_id = 1")
    flush(database_url, farm, late)

    assert len(rows(engine)) == 6


def test_a_window_of_which_nothing_is_left_goes_from_its_batch_and_no_other_is_unpacked(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    with engine.begin() as connection:
        herd.assign(connection, 1, None, During(BUCKETS[1], BUCKETS[1] + BUCKET))

    assert len(rows(engine)) == 2 * len(BUCKETS) - 1
    assert by_rows(engine) <= 2  # those of one animal and week
    with engine.connect() as connection:
        marked = connection.execute(text("SELECT bucket FROM changed_bucket")).scalars().all()
    assert BUCKETS[1] in marked


def test_who_derives_a_stored_window_waits_for_who_does_already(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    touched = text("INSERT INTO touched VALUES (:farm, 1, :bucket)")
    thread = threading.Thread(target=flush, args=(database_url, farm, [(1, START, bits.between(700, 800), True)]))
    with engine.begin() as first:
        first.execute(text(windows.TEMPORARY))
        first.execute(touched, {"farm": farm[0], "bucket": START})
        first.execute(text(windows.LOCK))
        thread.start()
        waiting = """SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE NOT l.granted AND a.datname = current_database() AND a.backend_type = 'client backend')"""

        def somebody_waits():
            with engine.connect() as other:
                return other.execute(text(waiting)).scalar()

        wait_until(somebody_waits)
    thread.join()

    with engine.connect() as connection:
        query = "SELECT known_s FROM posture_window WHERE animal_id = 1 AND bucket = :bucket"
        assert connection.execute(text(query), {"bucket": START}).scalar_one() == 700


def test_scores_of_a_stored_slot_are_replaced_and_others_stay_packed(engine):
    with engine.begin() as connection:
        followed = series.ensure_series(connection, herd.ensure_farm(connection, "barn"))[0]
        kinds = [(model, target) for model in ("mean", "model") for target in BUCKETS]
        old = [
            Sums(followed.id, at, "1-4", model, False, 4, 0.0, 0.0, 0.0, None, None, None, None) for model, at in kinds
        ]
        scores.replace_scores(connection, [followed.id], BUCKETS, old)
    into_columns(engine, "score")
    with engine.begin() as connection:
        for n in range(1, REPEATED + 1):
            fresh = old[0]._replace(n=n, target=BUCKETS[3])
            scores.replace_scores(connection, [followed.id], [BUCKETS[3]], [fresh])
    with engine.connect() as connection:
        found = connection.execute(text("SELECT target, sum(n) FROM score GROUP BY 1 ORDER BY 1")).all()

    assert found == [(BUCKETS[0], 8), (BUCKETS[1], 8), (BUCKETS[2], 8), (BUCKETS[3], REPEATED)]
    assert by_rows(engine, "score") == 1


def test_who_leaves_takes_its_stored_rows_along_and_only_those(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM animal WHERE id = 1"))
        connection.execute(text("DELETE FROM collar WHERE id = 1"))
        found = [
            connection.execute(text(f"SELECT {column}, count(*) FROM {table} GROUP BY 1")).all()
            for table, column in (("stored_window", "animal_id"), ("stored_evidence", "collar_id"))
        ]

    assert found == [[(2, len(BUCKETS))], [(2, len(BUCKETS))]]


def test_a_farm_that_leaves_unpacks_none_of_those_that_stay(engine, database_url):
    staying = settle(engine)
    with engine.begin() as connection:
        going = herd.ensure_farm(connection, "other")
        for number in range(REPEATED):
            collar = herd._ensure(connection, "collar", going, f"tag-{number}")
            herd.assign(connection, collar, herd.ensure_animal(connection, going, f"kid-{number}"))
        version = connection.execute(text("SELECT registry_version FROM farm WHERE id = 2")).scalar_one()
        collars = connection.execute(text("SELECT id FROM collar WHERE farm_id = 2")).scalars().all()
    flush(database_url, staying, everything())
    flush(database_url, (going, version), [(collar, BUCKETS[0], bits.ALL, True) for collar in collars])
    into_columns(engine)
    before = rows(engine)
    with engine.begin() as connection:
        see_farms(connection, [going], administered=[going])
        deletions.begin(connection, going, None)
        (leaving,) = deletions.unfinished(connection)
    emptying.empty(engine, leaving)

    assert rows(engine) == [row for row in before if row.startswith(("(1,", "(2,"))]
    assert len(rows(engine)) == len(rows(engine, "stored_evidence")) == COLLARS * len(BUCKETS)
    assert by_rows(engine) == by_rows(engine, "stored_evidence") == 0


def test_who_removes_what_was_made_by_mistake_unpacks_nothing(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    for number in range(REPEATED):
        for kind in ("animal", "collar"):
            with engine.begin() as connection:
                made = herd_names.create(connection, farm[0], kind, f"mistake-{number}")
                herd_names.remove(connection, farm[0], kind, made)

    assert by_rows(engine) == by_rows(engine, "stored_evidence") == 0


def test_what_people_correct_by_the_api_unpacks_what_it_touches(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    as_api = database.engine_for(database.as_role(database_url, "animov_api"))
    for number in range(REPEATED):
        until = START + (number + 1) * BUCKET
        with as_api.begin() as connection:
            see_farms(connection, [farm[0]], [farm[0]])
            herd.within_managed(connection)
            herd.assign(connection, 1, None if number % 2 else 1, During(START, until))
    as_api.dispose()

    assert by_rows(engine) <= 2  # those of one animal and week
    assert by_rows(engine, "stored_evidence") == 0


def test_retention_drops_whole_pieces_by_the_role_that_writes(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    now = BUCKETS[3] + timedelta(days=1)
    as_app = database.engine_for(database.as_role(database_url, "animov_app"))
    deleted = apply_retention(as_app, Settings(windows_days=10), now)
    as_app.dispose()
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT DISTINCT bucket FROM evidence ORDER BY 1")).scalars().all()
        oldest = connection.execute(
            text("SELECT min(range_end) FROM timescaledb_information.chunks WHERE hypertable_name = 'stored_evidence'")
        ).scalar_one()

    assert kept == [BUCKETS[3]]
    assert deleted.stored_evidence == deleted.stored_window == 3 * COLLARS
    assert oldest > now - timedelta(days=10)


def test_status_weighs_all_pieces_of_a_table(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    as_app = database.engine_for(database.as_role(database_url, "animov_app"))
    with as_app.connect() as connection:
        found = {one.table: one.bytes for one in database_status(connection, None).tables}
    as_app.dispose()

    assert found["stored_evidence"] > 4 * 8192


def test_late_data_are_stored_by_columns_again_when_the_policy_runs_next(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    into_columns(engine)
    flush(database_url, farm, [(1, BUCKETS[0], bits.between(0, 900), True)])
    before = rows(engine)
    assert by_rows(engine) > 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        query = "SELECT job_id FROM timescaledb_information.jobs WHERE hypertable_name = 'stored_window'"
        connection.execute(text(f"CALL run_job({connection.execute(text(query)).scalar_one()})"))

    assert by_rows(engine) == 0
    assert rows(engine) == before


def test_no_piece_can_be_read_past_the_views_that_tell_farms_apart(engine, database_url):
    farm = settle(engine)
    flush(database_url, farm, everything())
    fill_others(engine, farm[0])
    query = "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks"
    with engine.connect() as connection:
        chunks = connection.execute(text(query)).scalars().all()
    for chunk in chunks:
        with scoped_to(engine, [farm[0]]) as connection:
            connection.execute(text("SET LOCAL ROLE animov_api"))
            with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
                connection.execute(text(f"SELECT FROM {chunk}"))
    with scoped_to(engine, []) as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        for view in ("farm_window", "farm_weather", "farm_battery_day", "farm_score", "farm_forecast"):
            assert connection.execute(text(f"SELECT FROM {view}")).rowcount == 0


def test_pieces_are_cut_in_utc_wherever_the_server_thinks_it_is(engine, database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET timezone = 'America/St_Johns'")
    engine.dispose()
    farm = settle(engine)
    flush(database_url, farm, everything())
    with engine.connect() as connection:
        query = """SELECT DISTINCT extract(epoch FROM range_start)::bigint % 604800
        FROM timescaledb_information.chunks WHERE hypertable_name IN ('stored_evidence', 'stored_window')"""
        assert connection.execute(text(query)).scalars().all() == [0]


def test_a_backup_of_stored_pieces_comes_back_row_by_row_with_its_policies_or_not_at_all(
    engine, database_url, server_url, tmp_path
):
    farm = settle(engine)
    flush(database_url, farm, everything())
    fill_others(engine, farm[0])
    into_columns(engine)
    flush(database_url, farm, [(1, BUCKETS[0], bits.between(0, 900), True)])
    whole, part = tmp_path / "whole.dump", tmp_path / "part.dump"
    backup.backup(database_url, whole)
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size - 2000])
    with databases.made(server_url) as restored_url, databases.opened(restored_url) as restored:
        with pytest.raises(UnavailableError, match="pg_restore failed"):
            backup.restore(restored_url, part)
        with restored.connect() as connection:
            left = "SELECT extname FROM pg_extension UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 2200"
            assert connection.execute(text(left)).scalars().all() == ["plpgsql"]
        restored.dispose()
        backup.restore(restored_url, whole)
        database.upgrade(restored)

        assert all_rows(restored) == all_rows(engine)
        assert by_rows(restored) == by_rows(engine) > 0
        flush(restored_url, farm, [(2, BUCKETS[0], bits.between(0, 900), True)])
        flush(database_url, farm, [(2, BUCKETS[0], bits.between(0, 900), True)])
        assert all_rows(restored) == all_rows(engine)


def all_rows(engine):
    """Rows of each table of ours, and what TimescaleDB does to which table."""
    with engine.connect() as connection:
        query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        tables = connection.execute(text(query)).scalars().all()
        policies = "SELECT hypertable_name, proc_name, config::text FROM timescaledb_information.jobs ORDER BY 1, 2"
        found = {"policies": connection.execute(text(policies)).all()}
    return found | {table: rows(engine, table) for table in tables}

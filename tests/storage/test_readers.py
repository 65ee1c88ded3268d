"""A reader sees one farm, whatever it asks and whatever it sets."""

import os
from datetime import UTC, datetime
from itertools import count

import psycopg
import pytest
from sqlalchemy import text

from core.errors import ConflictError, NotFoundError
from storage.access.readers import PREFIX, make_reader
from storage.engine import clocks
from storage.engine.database import scoped_to, upgrade
from storage.forecasting import weather
from storage.herds import herd
from storage.measurements import hours, ratios

START = datetime(2026, 5, 1, tzinfo=UTC)
_numbers = count()

WINDOW = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
SELECT id, :bucket, 900, 900, 450, repeat('1', 900)::bit(900), repeat('0', 900)::bit(900) FROM animal
""")


@pytest.fixture
def farms(engine, server_url):
    """Names of two farms that no other test has, for roles belong to the whole server; their roles go afterwards."""
    names = [f"{kind}-{os.getpid()}-{next(_numbers)}" for kind in ("barn", "other")]
    with engine.begin() as connection:
        for name in names:
            farm_id = herd.ensure_farm(connection, name)
            animal = herd.ensure_animal(connection, farm_id, "goat")
            herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
            weather.store(connection, farm_id, START, weather.Hourly(START, [1.0], [1.0], [1.0], [1.0], [1.0]))
            connection.execute(text("INSERT INTO changed_bucket VALUES (:farm, :at)"), {"farm": farm_id, "at": START})
        connection.execute(WINDOW, {"bucket": START})
    for farm_id in (1, 2):
        with scoped_to(engine, [farm_id]) as connection:
            ratios.refresh(connection, farm_id, START, START.replace(hour=1))
        assert hours.keep(engine, farm_id)
    yield names
    with psycopg.connect(server_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f'DROP ROLE IF EXISTS "{PREFIX}{name}"')


@pytest.fixture
def reader(database_url, farms):
    with psycopg.connect(make_reader(database_url, farms[0], "a-password", actor="ada"), autocommit=True) as connection:
        yield connection


TRICKS = (
    "SET animov.farms = '1,2'",
    "SET default_transaction_read_only = off",
    "SET search_path = panel, public",
    """CREATE FUNCTION pg_temp.leaks(anything text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
    BEGIN IF anything LIKE 'other%' THEN RAISE EXCEPTION 'seen: %', anything; END IF; RETURN true; END $$""",
)


def test_only_rows_of_its_own_farm_are_seen_whatever_is_set(reader, farms):
    for trick in ("SELECT 1", *TRICKS):
        reader.execute(trick)
        for view in ("animal", "animal_group", "membership", "posture_window", "series_hour", "weather_forecast"):
            expected = 2 if view == "series_hour" else 1  # of the herd and of the group
            assert len(reader.execute(f"SELECT * FROM {view}").fetchall()) == expected, view
    assert reader.execute("SELECT name FROM farm WHERE pg_temp.leaks(name)").fetchall() == [(farms[0],)]
    assert reader.execute("SELECT standing_ratio, standing_s FROM posture_window").fetchall() == [(None, 450)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM public.animal",
        "SELECT FROM public.posture_window",
        "SELECT FROM farm_reader",
        "SELECT FROM app_user",
        "SELECT FROM farm_window",
        "DELETE FROM panel.animal",
        "UPDATE panel.farm SET title = 'mine'",
        "INSERT INTO panel.collar_status (collar_id, at) VALUES (1, now())",
        "SET ROLE animov_app",
        "SET SESSION AUTHORIZATION animov_api",
        "CREATE TABLE mine (it int)",
        "SELECT animov_delete_farm(1, 1)",
    ],
)
def test_nothing_else_is_to_be_had_also_for_who_may_write(reader, statement):
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_of_all_tables_and_pieces_it_may_read_the_clock_alone(reader):
    query = """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'panel')
      AND n.nspname !~ '^timescaledb'
      AND (n.nspname !~ '^_timescaledb' OR c.relname ~ '^(compress)?_hyper')
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')"""
    assert [name for (name,) in reader.execute(query)] == ["public.clock"]


def test_its_statements_are_not_compiled_which_would_take_longer_than_most(reader):
    assert reader.execute("SHOW jit").fetchone() == ("off",)


def test_it_is_told_the_nodes_time(reader, engine):
    with engine.begin() as connection:
        now = clocks.read(connection).now()

    assert abs(reader.execute("SELECT animov_now()").fetchone()[0] - now).total_seconds() < 60


def test_another_password_counts_from_then_on_and_for_the_same_role(database_url, farms):
    first = make_reader(database_url, farms[0], "one", actor="ada")
    second = make_reader(database_url, farms[0], "two", actor="ada")

    assert first.replace("one", "two") == second
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT name FROM farm").fetchall() == [(farms[0],)]


def test_a_role_of_another_farm_or_database_is_not_taken(database_url, farms, server_url):
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{PREFIX}{farms[1]}"')
    with pytest.raises(ConflictError, match="there already"):
        make_reader(database_url, farms[1], "a-password", actor="ada")
    with pytest.raises(NotFoundError):
        make_reader(database_url, "nowhere", "a-password", actor="ada")


def test_nothing_is_seen_of_a_farm_that_leaves(reader, engine, farms):
    with engine.begin() as connection:
        connection.execute(text("UPDATE farm SET leaving = true WHERE name = :name"), {"name": farms[0]})
    for view in ("farm", "animal", "posture_window", "series_hour"):
        assert reader.execute(f"SELECT FROM panel.{view}").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(24942, 2)",
        "SELECT pg_try_advisory_xact_lock_shared(1)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_create(0)",
        "SELECT pg_notify('animov_clock', '')",
        "CREATE TEMPORARY TABLE mine (it int)",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql RETURN 1",
    ],
)
def test_who_only_reads_can_hold_nobody_up_and_fill_no_disk(reader, engine, statement):
    upgrade(engine)  # by a superuser; a copy of a database has its functions' rights but not its own
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_our_own_roles_keep_what_they_need(engine, database_url):
    upgrade(engine)
    for role in ("animov_app", "animov_api"):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {role}")
            connection.execute("CREATE TEMPORARY TABLE mine (it int)")
            connection.execute("SELECT pg_advisory_xact_lock(24942, 2), pg_notify('animov_clock', '')")

"""What flushes took is written once, by the minute, whatever becomes of a flush; and no message hangs on it."""

import asyncio
from collections import Counter
from functools import partial

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from animov.edge import FollowedClock, decoder_for, flushing
from core.clock import NodeClock
from core.delivery import Batch
from core.readings import Message
from core.settings import Settings
from core.timeline import to_ms
from storage.evidence import sink
from storage.evidence.flush_minutes import MINUTE_MS
from storage.upkeep.provision import Access
from stream.minutes import noted, over
from stream.runner import Runner, running

NOON = 28_500_000
"""Number of a minute; those below are counted from it."""

PAYLOAD = b'{"t": 1710000000000, "x": 0.1, "y": 1.0, "z": 0.1}'


def batch(count, settle=lambda: None):
    sent = [Message(f"animov/v1/barn/c{number}/samples", 1_710_000_000_000, PAYLOAD) for number in range(count)]
    return Batch(sent, settle)


def runner_at(url, now):
    return Runner(url, partial(decoder_for, Settings()), most_keys=2000, now_ms=lambda: (NOON + now[0]) * MINUTE_MS)


def flush_at(url, *minutes):
    """Flush two messages in each of some minutes; return how many of these flushes were settled."""
    settled = []

    async def work():
        now = [0]
        async with running(runner_at(url, now)) as runner:
            for now[0] in minutes:
                runner.intake(batch(2, partial(settled.append, 2)))
                await runner.drained()

    asyncio.run(work())
    return len(settled)


def told(engine):
    """Minute, flushes, messages, seconds in total and of the longest of each row."""
    query = "SELECT minute, flushes, messages, took_s, longest_s FROM flush_minute ORDER BY minute, flushes, messages"
    with engine.connect() as connection:
        return [(to_ms(row[0]) // MINUTE_MS - NOON, *row[1:]) for row in connection.execute(text(query))]


def count_of(engine, table, what="count(*)"):
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT {what} FROM {table}")).scalar_one()


def on_each_row(engine, does):
    """Have the database do something when a row of these facts is written."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"""CREATE SEQUENCE tried; GRANT USAGE ON tried TO PUBLIC;
            CREATE FUNCTION at_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN new; END $$;
            CREATE TRIGGER at_row BEFORE INSERT ON flush_minute FOR EACH ROW EXECUTE FUNCTION at_row()"""
        )


def rolled_back(error):
    async def fail(commit, connection, unit):
        async with connection.transaction():
            await commit(connection, unit)
            raise error

    return fail


async def committed_unheard(commit, connection, unit):
    await commit(connection, unit)
    raise psycopg.OperationalError("the connection was lost")


FAULTS = {
    "rolled back": rolled_back(psycopg.OperationalError("the connection was lost")),
    "stale": rolled_back(sink.StaleRegistryError()),
    "poisoned": rolled_back(psycopg.errors.CheckViolation("a row was refused")),
    "committed unheard": committed_unheard,
}

steps = st.lists(
    st.tuples(
        st.sampled_from([-1, 0, 0, 1]),  # minutes that pass before a flush
        st.sampled_from([0, 0, 1]),  # and before it has committed
        st.integers(1, 3),  # messages
        st.lists(st.sampled_from(sorted(FAULTS)), max_size=2),
    ),
    min_size=1,
    max_size=6,
)


def test_flushes_are_added_up_by_the_minute_and_a_clock_set_back_begins_another_row():
    minutes = []
    for minute, messages, took_s in ((5, 3, 0.5), (5, 1, 2.0), (5, 2, 1.0), (6, 1, 0.1), (5, 4, 0.2)):
        minutes = noted(minutes, minute, messages, took_s)

    assert [(one.minute, one.flushes, one.messages, one.took_s, one.longest_s) for one in minutes] == [
        (5, 3, 6, 3.5, 2.0),
        (6, 1, 1, 0.1, 0.1),
        (5, 1, 4, 0.2, 0.2),
    ]
    assert len({one.id for one in minutes}) == 3
    assert over(minutes, 5) == minutes[1:2]
    assert over(minutes, 7) == minutes


@settings(max_examples=20)
@given(steps=steps)
def test_each_flush_is_told_once_in_the_minute_of_its_end_whatever_fails(engine, database_url, monkeypatch, steps):
    """But the last, in whose minute nothing tells that it is over."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE flush_minute; TRUNCATE farm RESTART IDENTITY CASCADE"))
    commit, now, due, settled = sink.commit, [0], [0, []], []
    expected = Counter()

    async def commit_at_last(connection, unit):
        (passes, faults), due[:] = due, (0, due[1][1:])
        now[0] += passes
        await (FAULTS[faults[0]](commit, connection, unit) if faults else commit(connection, unit))

    async def work():
        async with running(runner_at(database_url, now)) as runner:
            for before, within, messages, faults in [*steps, (1000, 0, 1, [])]:
                now[0] += before
                due[:] = within, faults
                runner.intake(batch(messages, partial(settled.append, messages)))
                await runner.drained()
                expected[now[0]] += messages

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(sink, "commit", commit_at_last)
        asyncio.run(work())
    rows = told(engine)
    seen = Counter()
    for minute, _, messages, *_ in rows:
        seen[minute] += messages

    assert settled == [*(messages for _, _, messages, _ in steps), 1]
    assert seen == expected - Counter({now[0]: 1})
    assert sum(row[1] for row in rows) == len(steps)
    assert all(0 < longest <= took for *_, took, longest in rows)
    assert "flush.minutes_refused" not in {event["event"] for event in logs}


def test_nothing_is_written_within_a_minute_and_one_row_for_all_of_it_afterwards(engine, database_url):
    assert flush_at(database_url, 0, 0, 0) == 3
    assert told(engine) == []

    assert flush_at(database_url, 1, 1, 1, 4, 4) == 5
    assert [row[:3] for row in told(engine)] == [(1, 3, 6)]


def test_processes_of_one_minute_have_rows_of_their_own(engine, database_url):
    for _ in range(2):
        flush_at(database_url, 0, 1)

    assert [row[:3] for row in told(engine)] == [(0, 1, 2)] * 2


@pytest.mark.parametrize("error", ["check_violation", "undefined_table", "raise_exception"])
def test_messages_are_kept_where_these_facts_are_refused(engine, database_url, error):
    on_each_row(engine, f"RAISE {error}")
    with capture_logs() as logs:
        assert flush_at(database_url, 0, 1, 1, 2) == 4

    assert count_of(engine, "raw_pack", "sum(messages)") == 8
    assert (count_of(engine, "rejected_message"), told(engine)) == (0, [])
    assert [event["event"] for event in logs if event["log_level"] == "warning"] == ["flush.minutes_refused"] * 2


def test_nothing_is_settled_or_lost_where_the_connection_ends_as_they_are_written(engine, database_url):
    on_each_row(engine, "IF nextval('tried') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF")

    assert flush_at(database_url, 0, 1, 2) == 3
    assert count_of(engine, "raw_pack", "sum(messages)") == 6
    assert [row[:3] for row in told(engine)] == [(0, 1, 2), (1, 1, 2)]


def test_minutes_are_those_of_the_nodes_clock(engine, database_url):
    clock = FollowedClock()

    async def work():
        async with flushing(Access(database_url, database_url, database_url), Settings(), clock) as runner:
            for minute in (5, 7):
                clock.set(NodeClock(ceiling=(NOON + minute) * 60.0))
                runner.intake(batch(2))
                await runner.drained()

    asyncio.run(work())

    assert [row[:3] for row in told(engine)] == [(5, 1, 2)]

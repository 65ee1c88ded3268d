"""The in-process runner on a real database: what goes in, in whatever order and however often, gives the same rows."""

import asyncio
import json
import random
from functools import partial

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from animov.edge import decoder_for
from bench.waiting import wait_until
from core.delivery import Batch
from core.readings import CollarName, Message
from core.settings import Settings
from storage.evidence import registry, sink
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from stream.recompute import recompute
from stream.runner import Runner, running

T0 = 1_710_000_000
RECEIVED = (T0 + 86_400) * 1000
MAKE_DECODER = partial(decoder_for, Settings())


def message(collar, second, up, *, farm="barn", received_at=RECEIVED):
    payload = {"t": (T0 + second) * 1000, "x": 0.1, "y": up, "z": 0.1}
    return Message(f"animov/v1/{farm}/{collar}/samples", received_at, json.dumps(payload).encode())


def feed(url, *batches, most_keys=2000, meanwhile=None):
    """Run batches through a runner of their own; return it, with the order in which they were settled."""
    settled = []

    async def work():
        runner = Runner(url, MAKE_DECODER, most_keys=most_keys)
        async with running(runner):
            for number, messages in enumerate(batches):
                runner.intake(Batch(list(messages), partial(settled.append, number)))
                if meanwhile:
                    await asyncio.to_thread(meanwhile, number)
                await asyncio.sleep(0)
        return runner

    runner = asyncio.run(work())
    assert settled == sorted(settled)
    return runner, settled


def evidence(engine):
    query = """SELECT f.name, c.name, e.bucket, e.method, e.received, e.standing, e.lying
      FROM evidence e JOIN collar c ON c.id = e.collar_id JOIN farm f ON f.id = c.farm_id ORDER BY 1, 2, 3, 4"""
    windows = (
        "SELECT animal_id, bucket, received_s, known_s, standing_s, standing, lying FROM posture_window ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        return connection.execute(text(query)).all(), connection.execute(text(windows)).all()


def start_over(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))


def tag(engine, collar, animal):
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, CollarName("barn", collar))
        calibrations.append(connection, collar_id, 0, Reading("leg"), None)
        herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, animal))
    return collar_id


def name_device(engine):
    collar_id = tag(engine, "a", "Brune")
    with engine.begin() as connection:
        herd.name_device(connection, collar_id, "tts:d1")


UPLINK = Message(
    "v3/app@tenant/devices/d1/up",
    RECEIVED,
    b'{"end_device_ids": {"device_id": "d1"}, "uplink_message": {"decoded_payload": {"x": 0.1, "y": 1, "z": 0}}}',
)

messages = st.lists(
    st.builds(message, st.sampled_from(["a", "b"]), st.sampled_from([0, 1, 899, 900]), st.sampled_from([0.0, 1.0])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(sent=messages, most_keys=st.integers(1, 5), order=st.randoms())
def test_rows_are_a_function_of_the_set_of_messages(engine, database_url, sent, most_keys, order):
    """Any permutation, duplication and grouping into batches and flushes gives the same rows."""
    start_over(engine)
    herd_of_two = partial(map, tag)
    list(herd_of_two([engine] * 2, ["a", "b"], ["Brune", "Noire"]))
    feed(database_url, sent)
    expected = evidence(engine)
    start_over(engine)
    list(herd_of_two([engine] * 2, ["a", "b"], ["Brune", "Noire"]))
    again = sent + order.sample(sent, order.randrange(len(sent) + 1))
    order.shuffle(again)
    cuts = sorted(order.sample(range(len(again)), order.randrange(len(again))))
    pieces = [again[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(again)], strict=True) if start < stop]
    _, settled = feed(database_url, *pieces, most_keys=most_keys)

    assert evidence(engine) == expected
    assert len(settled) == len(pieces)


def test_an_unknown_collar_is_received_and_read_once_its_mount_is_known(engine, database_url):
    sent = [message("new", second, up) for second, up in ((0, 1.0), (1, 0.0), (900, 1.0))]
    feed(database_url, sent)
    with engine.begin() as connection:
        collar_id = herd.find_collar(connection, CollarName("barn", "new"))
        herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, "Brune"))
    unread = evidence(engine)[1]
    with engine.begin() as connection:
        generation = calibrations.start_generation(connection, collar_id, Reading("leg"))
    feed(database_url, [message("new", 2, 1.0)])
    with engine.connect() as connection:
        packs = list(calibrations.raw_messages(connection, 1))
    name = CollarName("barn", "new")
    count = asyncio.run(recompute(database_url, MAKE_DECODER, {name: generation}, packs, most_keys=1))
    unpublished = evidence(engine)[1]
    with engine.begin() as connection:
        calibrations.publish(connection, collar_id, generation)
    read = [tuple(row)[2:5] for row in evidence(engine)[1]]

    assert [tuple(row)[2:5] for row in unread] == [(2, 0, 0), (1, 0, 0)]
    assert [tuple(row)[2:5] for row in unpublished] == [(3, 0, 0), (1, 0, 0)]
    assert count == 4
    assert read == [(3, 3, 2), (1, 1, 1)]


def test_a_calibration_made_between_gathering_and_commit_is_not_missed(engine, database_url):
    """The unit was made with an older registry: it is made again before anything is written."""
    collar_id = tag(engine, "a", "Brune")
    made = []

    def turn_it_over(_number):
        if not made:
            with engine.begin() as connection:
                herd.lock_farm(connection, 1)
                calibrations.start_generation(connection, collar_id, Reading("leg", ("fwd", "-up", "right")))
            made.append(True)

    feed(database_url, [message("a", 0, 1.0)], [message("a", 1, 1.0)], meanwhile=turn_it_over)

    generations = {row.method % 1000 for row in evidence(engine)[0] if row.bucket}
    second = [row for row in evidence(engine)[0] if row.method % 1000 == 1]
    assert 1 in generations
    assert second[0].lying.count("1") >= 1


def test_what_the_database_refuses_is_found_and_kept_and_the_rest_is_committed(engine, database_url):
    """A constraint that only one message's row breaks, in the middle of a flush."""
    collar_id = tag(engine, "bad", "Brune")
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE stored_evidence ADD CHECK (collar_id <> {collar_id})"))
    sent = [message(name, second, 1.0) for second in range(20) for name in ("a", "b")]
    sent.insert(17, message("bad", 3, 1.0))
    _, settled = feed(database_url, sent[:25], sent[25:])

    rows, _ = evidence(engine)
    with engine.connect() as connection:
        refused = connection.execute(text("SELECT code, topic, payload FROM rejected_message")).all()
    assert [(row[1], row.received.count("1")) for row in rows] == [("a", 20), ("b", 20)]
    assert [tuple(row) for row in refused] == [("refused_by_database", sent[17].topic, sent[17].payload)]
    assert settled == [0, 1]


def test_refused_messages_are_counted_once_each_with_their_reason(engine, database_url):
    bad = Message("animov/v1/barn/a/samples", RECEIVED, b"{broken")
    feed(database_url, [bad, message("a", 0, 1.0), bad], [bad])

    with engine.connect() as connection:
        row = connection.execute(text("SELECT count, code, payload, farm_id FROM rejected_message")).one()
    assert tuple(row) == (3, "malformed", b"{broken", 1)


@pytest.mark.parametrize("seed", range(3))
def test_lost_connections_lose_and_double_nothing(engine, database_url, seed):
    """The server ends the runner's connection after every batch, whatever it is doing; all is settled in the end."""
    chance = random.Random(seed)
    sent = [message(chance.choice("abc"), chance.randrange(3000), chance.choice([0.0, 1.0])) for _ in range(400)]
    batches = [sent[start : start + 20] for start in range(0, 400, 20)]
    feed(database_url, *batches)
    expected = evidence(engine)
    start_over(engine)

    end = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'animov edge' AND datname = current_database()"""

    def cut(number):
        with psycopg.connect(database_url, autocommit=True) as connection:
            wait_until(lambda: connection.execute(end).fetchone() or number)  # at first there may be none yet

    runner, settled = feed(database_url, *batches, meanwhile=cut)

    assert evidence(engine) == expected
    assert settled == list(range(20))
    assert runner.counts.retries > 0


def test_nothing_is_settled_before_it_is_committed(engine, database_url, monkeypatch):
    """Each time a batch is settled another connection sees its rows."""
    seen = []

    def look():
        with engine.connect() as connection:
            seen.append(connection.execute(text("SELECT bit_count(received) FROM evidence")).scalar())

    async def work():
        runner = Runner(database_url, MAKE_DECODER, most_keys=2000)
        async with running(runner):
            for second in range(5):
                runner.intake(Batch([message("a", second, 1.0)], look))
                await runner.drained()

    asyncio.run(work())

    assert seen == [1, 2, 3, 4, 5]


def test_a_device_that_is_named_while_the_edge_runs_is_heard_from_then_on(engine, database_url):
    """Through the registry's news, with nothing else going on."""

    async def work():
        runner = Runner(database_url, MAKE_DECODER, most_keys=2000)
        renewed = asyncio.Event()

        def renew(registry):
            runner.take_registry(registry)
            if registry.aliases:
                renewed.set()

        async with running(runner):
            following = asyncio.create_task(registry.follow(database_url, renew))
            await asyncio.to_thread(name_device, engine)
            await asyncio.wait_for(renewed.wait(), 60)
            runner.intake(Batch([UPLINK], lambda: None))
            await runner.drained()
            following.cancel()

    asyncio.run(work())

    assert [row.received.count("1") for row in evidence(engine)[0]] == [1]


def test_a_registry_that_is_told_while_an_older_one_is_loaded_stays(engine, database_url, monkeypatch):
    load = registry.load

    async def overtaken(connection):
        monkeypatch.setattr(registry, "load", load)
        older = await load(connection)
        name_device(engine)
        runner.take_registry(await load(connection))
        return older

    async def work():
        async with running(runner):
            await runner.loaded()
            runner.intake(Batch([UPLINK], lambda: None))

    monkeypatch.setattr(registry, "load", overtaken)
    runner = Runner(database_url, MAKE_DECODER, most_keys=2000)
    asyncio.run(work())

    assert [row.received.count("1") for row in evidence(engine)[0]] == [1]


@settings(max_examples=10)
@given(
    said=st.lists(
        st.fixed_dictionaries(
            {"t": st.sampled_from([T0 * 1000, T0 * 1000 + 5])},
            optional={
                "online": st.booleans(),
                "battery_v": st.sampled_from([3.5, 3.75]),
                "firmware": st.sampled_from(["1.0", "1.1"]),
            },
        ).filter(lambda status: len(status) > 1),
        min_size=1,
        max_size=5,
    ),
    order=st.randoms(),
)
def test_each_field_of_a_status_is_the_latest_in_whatever_order_they_came(engine, database_url, said, order):
    start_over(engine)
    tag(engine, "a", "Brune")
    sent = [Message("animov/v1/barn/a/status", RECEIVED, json.dumps(status).encode()) for status in said]
    order.shuffle(sent)
    cut = order.randrange(len(sent) + 1)
    feed(database_url, *[batch for batch in (sent[:cut], sent[cut:], sent[:1]) if batch])

    with engine.connect() as connection:
        row = connection.execute(text("SELECT online, battery_v, firmware FROM collar_status")).one()
    for name in ("online", "battery_v", "firmware"):
        values = [(status["t"], status[name]) for status in said if name in status]
        assert getattr(row, name) == (max(values)[1] if values else None)


def test_connect_makes_its_temporary_tables_once(database_url):
    async def twice():
        connection = await sink.connect(database_url)
        await sink.commit(connection, sink.Unit())
        await sink.commit(connection, sink.Unit())
        await connection.close()

    asyncio.run(twice())

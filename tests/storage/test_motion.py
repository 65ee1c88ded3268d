"""How messages moved is a function of the set of messages, whatever comes again, in whatever order and company."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from animov.edge import decoder_for
from core.delivery import Batch
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import to_ms
from storage.evidence import motion
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from stream.runner import Runner, running

T0 = datetime(2026, 5, 1, tzinfo=UTC)
RECEIVED = to_ms(T0) + 86_400_000


def message(collar, minute, force, length_s=20):
    """Twenty seconds at 10 Hz in which an animal steps twice a second, more or less strongly."""
    steps = [force * math.sin(2 * math.pi * 2 * index / 10) for index in range(10 * length_s)]
    xyz = [[round(0.1 + step, 3), round(0.9 + step, 3), 0.1] for step in steps]
    payload = {"t0": to_ms(T0) + minute * 60_000, "hz": 10, "xyz": xyz}
    return Message(f"animov/v1/barn/{collar}/samples", RECEIVED, json.dumps(payload).encode())


def rows(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM motion ORDER BY collar_id, at, digest")).all()


def start(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))
        for name, mount in (("neck", "collar"), ("ear", "ear"), ("leg", "leg")):
            collar_id = herd.ensure_collar(connection, CollarName("barn", name))
            calibrations.append(connection, collar_id, 0, Reading(mount), None)


def feed(url, batches, most_keys=2000):
    async def work():
        runner = Runner(url, partial(decoder_for, Settings()), most_keys=most_keys)
        async with running(runner):
            await runner.loaded()
            for messages in batches:
                runner.intake(Batch(list(messages), lambda: None))
                await asyncio.sleep(0)

    asyncio.run(work())


messages = st.lists(
    st.builds(
        message,
        st.sampled_from(["neck", "ear", "leg", "new"]),
        st.sampled_from([0, 1]),
        st.sampled_from([0.0, 0.3]),
        st.sampled_from([5, 20]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12)
@given(sent=messages, most_keys=st.integers(1, 3), order=st.randoms())
def test_rows_are_a_function_of_the_set_of_messages(engine, database_url, sent, most_keys, order):
    """Also when a calibration is made on the way."""
    start(engine)
    feed(database_url, [sent])
    expected = rows(engine)
    start(engine)
    again = sent + order.sample(sent, order.randrange(len(sent) + 1))
    order.shuffle(again)
    cut = order.randrange(len(again))
    feed(database_url, [again[:cut], again[cut : cut + 1]], most_keys)
    with engine.begin() as connection:
        anchored = Reading("collar", parameters={"anchor": [0, 1, 0]})
        calibrations.start_generation(connection, 1, anchored)
    feed(database_url, [again[cut:], again[:cut]], most_keys)

    assert rows(engine) == expected
    assert {row.collar_id for row in expected} <= {1, 2}  # nothing is learned from legs, nor of who knows where
    assert len(expected) == len({one for one in sent if is_kept(one)})


def is_kept(sent):
    return len(json.loads(sent.payload)["xyz"]) == 200 and not {"leg", "new"} & set(sent.topic.split("/"))


def test_what_is_read_is_what_moved(engine, database_url):
    start(engine)
    feed(database_url, [[message("neck", 0, 0.3), message("neck", 1, 0.0), message("neck", 2, 0.05)]])
    with engine.connect() as connection:
        walking = motion.walking_of(connection, [1, 2], T0)
        still = motion.still_of(connection, 1, T0)
        later = motion.walking_of(connection, [1], T0 + timedelta(seconds=1))

    assert walking.keys() == {1}
    assert [(one.at, one.walking, one.still) for one in walking[1]] == [(to_ms(T0), 2, 0)]
    assert [(one.walking, one.still, round(one.still_up, 3)) for one in still] == [(0, 2, 0.9)]
    assert not later

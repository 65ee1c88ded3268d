"""A generation is published in one transaction that derives what it changes, and no more."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.method import Rule, method
from core.readings import CollarName, Message
from core.timeline import from_ms
from storage.evidence import sink
from storage.evidence.packs import pack
from storage.evidence.sink import Unit
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from storage.herds.herd import ALWAYS

FIRST = 1_900_000  # a bucket in 2024
seconds = st.tuples(*[st.sampled_from([0, 1 << 899, 3 << 898, 1])] * 2).map(lambda two: (two[0] | two[1], *two))
keys = st.tuples(
    st.just(1),
    st.integers(FIRST, FIRST + 2),
    st.builds(method, st.sampled_from([Rule.COLLAR, Rule.COLLAR_CALIBRATED]), st.integers(0, 2)),
)


def start(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))
        collar_id = herd.ensure_collar(connection, CollarName("barn", "neck"))
        for generation in range(3):
            calibrations.append(connection, collar_id, generation, Reading("collar"), None)
        herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, "Brune"))


def flush(url, engine, evidence):
    async def commit():
        connection = await sink.connect(url)
        try:
            with engine.connect() as reading:
                version = reading.execute(text("SELECT registry_version FROM farm")).scalar_one()
            await sink.commit(connection, Unit(evidence=dict(evidence), registry={1: version}))
        finally:
            await connection.close()

    asyncio.run(commit())


def windows(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM posture_window ORDER BY animal_id, bucket")).all()


@settings(max_examples=12)
@given(st.dictionaries(keys, seconds.filter(any), min_size=1, max_size=8), st.lists(st.sampled_from([1, 2])))
def test_what_is_derived_is_what_deriving_all_would_give(engine, database_url, evidence, generations):
    start(engine)
    flush(database_url, engine, evidence)
    for generation in generations:
        with engine.begin() as connection:
            calibrations.publish(connection, 1, generation)
    found = windows(engine)
    with engine.begin() as connection:
        herd._touch(connection, [1], ALWAYS)
        herd.derive_touched(connection)

    assert windows(engine) == found


def test_only_windows_that_change_are_derived(engine, database_url, monkeypatch):
    start(engine)
    old, new = method(Rule.COLLAR_CALIBRATED, 0), method(Rule.COLLAR_CALIBRATED, 1)
    same = {(1, FIRST + place, how): (1, 1, 0) for place in range(10) for how in (old, new)}
    flush(database_url, engine, same | {(1, FIRST + 3, new): (1, 0, 1)})
    touched = []
    derive = herd.derive_touched

    def note(connection):
        touched.append(connection.execute(text("SELECT count(*) FROM touched")).scalar_one())
        derive(connection)

    monkeypatch.setattr(herd, "derive_touched", note)
    with engine.begin() as connection:
        calibrations.publish(connection, 1, 1)
    with engine.begin() as connection:
        calibrations.publish(connection, 1, 1)

    assert touched == [1]


def test_packs_are_read_without_a_transaction_and_those_that_come_meanwhile_are_left(engine):
    start(engine)
    insert = text(
        """INSERT INTO raw_pack (farm_id, first_received, last_received, messages, data)
        VALUES (1, :at, :at, 1, :data)"""
    )

    def keep(number):
        packed = pack([Message("animov/v1/barn/neck/samples", number, b"x")])
        with engine.begin() as connection:
            connection.execute(insert, {"at": from_ms(number), "data": packed})

    for number in range(45):
        keep(number)
    found = []
    for (message,) in calibrations.raw_packs(engine, 1, from_ms(3)):
        found.append(message.received_at)
        keep(100 + message.received_at)
        assert engine.pool.checkedout() == 0

    assert found == list(range(3, 45))
    with engine.connect() as connection:
        assert len(list(calibrations.raw_messages(connection, 1))) == 45 + 42

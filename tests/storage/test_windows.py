"""Windows follow from evidence, assignments and published generations, and from nothing else."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import bits
from core.method import RANK, Rule, generation_of, method, rule_of
from core.timeline import bucket_start
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import herd

FIRST = 1_900_000  # a bucket in 2024
FARM, COLLARS, ANIMALS = "barn", 2, 2


@pytest.fixture
def world(engine):
    """Two collars and two animals on one farm, and a way to start over."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, FARM)
        collars = [herd._ensure(connection, "collar", farm, f"c{n}") for n in range(COLLARS)]
        animals = [herd.ensure_animal(connection, farm, f"a{n}") for n in range(ANIMALS)]
    return engine, farm, collars, animals


def reset(engine):
    with engine.begin() as connection:
        connection.execute(
            text("TRUNCATE stored_evidence, stored_window, assignment, membership, changed_bucket, calibration")
        )
        connection.execute(text("UPDATE collar SET generation = 0"))


def flush(engine, database_url, *units):
    async def commit():
        connection = await sink.connect(database_url)
        try:
            with engine.begin() as reading:
                versions = {
                    row.id: row.registry_version
                    for row in reading.execute(text("SELECT id, registry_version FROM farm"))
                }
            for unit in units:
                unit.registry = versions
                await sink.commit(connection, unit)
        finally:
            await connection.close()

    asyncio.run(commit())


def rows(engine):
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying, inferred"
                " FROM posture_window"
            )
        )
        return {(row.animal_id, row.bucket): tuple(row)[2:] for row in found}


def oracle(evidence, assignments, published):
    """Second by second: who wore what, what was known, which method is believed."""
    expected = {}
    for animal in {animal for _, animal, _, _ in assignments}:
        for bucket in {bucket for _, bucket, _ in evidence}:
            received, standing, lying, ranks = 0, [], [], set()
            for second in range(900):
                now = bucket * 900 + second
                worn = [c for c, a, start, stop in assignments if a == animal and start <= now < stop]
                beliefs = {}
                for collar in worn:
                    here = [
                        (k, v)
                        for k, v in evidence.items()
                        if k[0] == collar and k[1] == bucket and v[0] & bits.SECOND[second]
                    ]
                    here = [(k, v) for k, v in here if generation_of(k[2]) <= published[collar]]
                    received |= bits.SECOND[second] if here else 0
                    for reported in (False, True):
                        family = [(k, v) for k, v in here if (RANK[rule_of(k[2])] >= 45) == reported]
                        newest = max((generation_of(k[2]) for k, _ in family), default=None)
                        for key, value in family:
                            if generation_of(key[2]) == newest and (value[1] | value[2]) & bits.SECOND[second]:
                                beliefs.setdefault(RANK[rule_of(key[2])], []).append(
                                    bool(value[1] & bits.SECOND[second])
                                )
                if beliefs:
                    ranks.add(max(beliefs))
                    (standing if any(beliefs[max(beliefs)]) else lying).append(second)
            if received:
                known, stood = len(standing) + len(lying), len(standing)
                expected[animal, bucket_start(bucket)] = (
                    received.bit_count(),
                    known,
                    stood,
                    pytest.approx(stood / known) if known >= 450 else None,
                    bits.to_text(sum(bits.SECOND[s] for s in standing)),
                    bits.to_text(sum(bits.SECOND[s] for s in lying)),
                    bool(ranks) and max(ranks) <= RANK[Rule.COLLAR_LABELLED],
                )
    return expected


edges = st.sampled_from([0, 1, 300, 450, 899, 900])
spans = st.tuples(edges, edges).map(lambda edge: bits.between(min(edge), max(edge)))
seconds = st.tuples(spans, spans, spans).map(lambda held: (held[0] | held[1] | held[2], held[1], held[2]))
methods = st.sampled_from(
    [
        method(Rule.NONE),
        method(Rule.LEG),
        method(Rule.LEG, 1),
        method(Rule.COLLAR, 1),
        method(Rule.DEVICE),
        method(Rule.SUMS),
    ]
)
contributions = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), methods, seconds), min_size=1, max_size=6)
instants = st.sampled_from([0, 1, 450, 900, 1200, 1800])
wearing = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), instants, instants).filter(lambda w: w[2] < w[3]), max_size=4
)


def merged(contributed, collars):
    evidence = {}
    for collar, bucket, how, (received, standing, lying) in contributed:
        key = (collars[collar], FIRST + bucket, how)
        held = evidence.get(key, (0, 0, 0))
        evidence[key] = (held[0] | received, held[1] | standing, held[2] | lying)
    return evidence


def wear(engine, collars, animals, said):
    """Say who wore what; return what that comes to, as `(collar, animal, start, stop)` in seconds since 1970."""
    seconds_worn = {}
    for collar, animal, start, stop in said:
        first = bucket_start(FIRST)
        during = herd.During(first + timedelta(seconds=start), first + timedelta(seconds=stop))
        with engine.begin() as connection:
            herd.assign(connection, collars[collar], animals[animal], during)
        for second in range(FIRST * 900 + start, FIRST * 900 + stop):
            seconds_worn[collars[collar], second] = animals[animal]
    return [(collar, animal, second, second + 1) for (collar, second), animal in seconds_worn.items()]


@settings(max_examples=25)
@given(contributed=contributions, said=wearing, data=st.data())
def test_windows_equal_the_second_by_second_oracle_in_whatever_order_things_were_said(
    world, database_url, contributed, said, data
):
    """Evidence first or assignments first, in one flush or in many, duplicated or not: the same windows."""
    engine, _, collars, animals = world
    reset(engine)
    published = {collar: data.draw(st.integers(0, 1)) for collar in collars}
    with engine.begin() as connection:
        for collar, generation in published.items():
            connection.execute(text("UPDATE collar SET generation = :g WHERE id = :c"), {"g": generation, "c": collar})
    one_by_one = [Unit(evidence=merged([one], collars)) for one in data.draw(st.permutations(contributed))]
    units = data.draw(st.sampled_from([[Unit(evidence=merged(contributed, collars))], one_by_one, one_by_one * 2]))
    if data.draw(st.booleans()):
        flush(engine, database_url, *units)
        worn = wear(engine, collars, animals, said)
    else:
        worn = wear(engine, collars, animals, said)
        flush(engine, database_url, *units)

    assert rows(engine) == squeezed(oracle, merged(contributed, collars), worn, published)


def squeezed(judge, evidence, worn, published):
    """Run the oracle with the single seconds joined into spans, to spare it a day."""
    spans = []
    for collar, animal, start, stop in sorted(worn):
        if spans and spans[-1][:2] == (collar, animal) and spans[-1][3] == start:
            spans[-1] = (collar, animal, spans[-1][2], stop)
        else:
            spans.append((collar, animal, start, stop))
    return judge(evidence, spans, published)


def test_swapped_collars_give_the_windows_of_the_right_assignment_from_the_start(world, database_url):
    engine, _, collars, animals = world
    evidence = {
        (collars[0], FIRST, method(Rule.LEG)): (bits.ALL, bits.ALL, 0),
        (collars[1], FIRST, method(Rule.LEG)): (bits.ALL, 0, bits.ALL),
    }
    flush(engine, database_url, Unit(evidence=evidence))
    middle = bucket_start(FIRST) + timedelta(seconds=600)
    with engine.begin() as connection:
        herd.assign(connection, collars[0], animals[0])
        herd.assign(connection, collars[1], animals[1])
    with engine.begin() as connection:
        herd.swap(connection, collars[0], collars[1], middle)
    swapped = rows(engine)
    reset(engine)
    with engine.begin() as connection:
        for one, other in ((0, 1), (1, 0)):
            herd.assign(connection, collars[one], animals[one], herd.During(None, middle))
            herd.assign(connection, collars[one], animals[other], herd.During(middle, None))
    flush(engine, database_url, Unit(evidence=evidence))

    assert swapped == rows(engine)
    assert [row[2] for row in swapped.values()] == [600, 300]


def test_what_a_flush_repeats_writes_nothing(world, database_url):
    engine, _, collars, animals = world
    unit = Unit(evidence={(collars[0], FIRST, method(Rule.LEG)): (bits.ALL, bits.ALL, 0)})
    with engine.begin() as connection:
        herd.assign(connection, collars[0], animals[0])
    flush(engine, database_url, unit)
    with engine.connect() as connection:
        before = connection.execute(
            text("SELECT xmin, ctid FROM stored_window UNION ALL SELECT xmin, ctid FROM stored_evidence")
        ).all()
    flush(engine, database_url, unit, unit)

    with engine.connect() as connection:
        after = connection.execute(
            text("SELECT xmin, ctid FROM stored_window UNION ALL SELECT xmin, ctid FROM stored_evidence")
        ).all()
    assert before == after


def test_a_unit_made_with_an_older_registry_writes_nothing(world, database_url):
    engine, farm, collars, _ = world
    unit = Unit(evidence={(collars[0], FIRST, method(Rule.LEG)): (bits.ALL, bits.ALL, 0)})

    async def commit():
        connection = await sink.connect(database_url)
        unit.registry = {farm: 0}
        try:
            with pytest.raises(sink.StaleRegistryError):
                await sink.commit(connection, unit)
        finally:
            await connection.close()

    asyncio.run(commit())

    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar_one() == 0


def test_two_writers_of_one_animal_see_each_other_and_never_deadlock(world, database_url):
    """Two collars on one animal, written by two connections in opposite order, sixty times."""
    engine, farm, collars, animals = world
    with engine.begin() as connection:
        for collar in collars:
            herd.assign(connection, collar, animals[0])
        version = connection.execute(text("SELECT registry_version FROM farm")).scalar_one()
    buckets = list(range(FIRST, FIRST + 60))

    async def write(collar, order):
        connection = await sink.connect(database_url)
        for bucket in order:
            second = bits.SECOND[collars.index(collar)]
            evidence = {(collar, b, method(Rule.LEG)): (second, second, 0) for b in (bucket, 2 * FIRST + 59 - bucket)}
            await sink.commit(connection, Unit(evidence=evidence, registry={farm: version}))
        await connection.close()

    async def both():
        await asyncio.gather(write(collars[0], buckets), write(collars[1], buckets[::-1]))

    asyncio.run(both())

    assert {row[2] for row in rows(engine).values()} == {2}

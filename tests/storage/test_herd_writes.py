"""What the API's role changes of a herd gives the windows that the commands give, and reaches no other farm."""

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core import bits
from core.errors import ConflictError, NotFoundError
from core.method import Rule, method
from core.readings import CollarName
from core.timeline import bucket_start
from storage.engine import database
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import collar_readings, herd, herd_facts, herd_names, journal
from storage.herds.collar_readings import Said
from storage.herds.herd import During

FIRST = 1_900_000
FARMS = ("barn", "other")


@pytest.fixture
def api(engine, database_url):
    """Open a transaction as the API's role that sees some farms and may change some."""
    made = database.engine_for(database.as_role(database_url, "animov_api"))

    @contextmanager
    def opened(seen, managed):
        with made.begin() as connection:
            database.see_farms(connection, seen, managed)
            herd.within_managed(connection)
            yield connection

    yield opened
    made.dispose()


@pytest.fixture
def world(engine, database_url):
    """Two farms alike, each of two collars that were heard for two quarters of an hour and two animals."""
    with engine.begin() as connection:
        farms = {name: herd.ensure_farm(connection, name) for name in FARMS}
        collars = {name: [herd.ensure_collar(connection, CollarName(name, f"c{n}")) for n in (0, 1)] for name in FARMS}
        animals = {name: [herd.ensure_animal(connection, farms[name], f"a{n}") for n in (0, 1)] for name in FARMS}
        for name in FARMS:
            herd.ensure_group(connection, farms[name], "young")
    hear(engine, database_url, {
        (collars[name][number], FIRST + bucket, method(Rule.LEG)): (
            bits.ALL, bits.between(0, 300 * (number + 1)), bits.between(300 * (number + 1), 900))
        for name in FARMS for number in (0, 1) for bucket in (0, 1)})  # fmt: skip
    return farms, collars, animals


def hear(engine, database_url, evidence):
    async def commit():
        connection = await sink.connect(database_url)
        with engine.begin() as reading:
            versions = dict(reading.execute(text("SELECT id, registry_version FROM farm")).all())
        await sink.commit(connection, Unit(evidence=evidence, registry=versions))
        await connection.close()

    asyncio.run(commit())


def stored(engine, farm):
    """Windows, markers and spans of a farm, without the ids that tell farms apart."""
    queries = (
        """SELECT n.name, w.bucket, w.received_s, w.known_s, w.standing_s, w.standing, w.known
        FROM stored_window w JOIN animal n ON n.id = w.animal_id WHERE n.farm_id = :farm ORDER BY 1, 2""",
        "SELECT bucket, version FROM changed_bucket WHERE farm_id = :farm ORDER BY 1",
        "SELECT during FROM changed_span WHERE farm_id = :farm ORDER BY during",
        """SELECT c.name, n.name, a.during FROM assignment a JOIN collar c ON c.id = a.collar_id
        JOIN animal n ON n.id = a.animal_id WHERE n.farm_id = :farm ORDER BY 1, 3""",
    )
    with engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query), {"farm": farm})] for query in queries]


edges = st.sampled_from([None, 0, 450, 900, 1200, 1800])
spans = st.tuples(edges, edges).filter(lambda span: None in span or span[0] < span[1])
kinds = st.sampled_from(["assign", "unassign", "swap"])
deeds = st.lists(st.tuples(kinds, st.integers(0, 1), st.integers(0, 1), spans), max_size=5)


def at(second):
    return None if second is None else bucket_start(FIRST) + timedelta(seconds=second)


def do(connection, deed, collars, animals):
    what, collar, animal, (start, end) = deed
    if what == "assign":
        herd.assign(connection, collars[collar], animals[animal], During(at(start), at(end)))
    elif what == "unassign":
        herd.unassign(connection, collars[collar], During(at(start), at(end)))
    else:
        herd.swap(connection, *collars, at(start or 0))


@settings(max_examples=20)
@given(said=deeds)
def test_the_apis_role_derives_what_the_writers_role_derives(engine, api, world, said):
    farms, collars, animals = world
    for deed in said:
        with engine.begin() as connection:
            do(connection, deed, collars["barn"], animals["barn"])
        with api([farms["other"]], [farms["other"]]) as connection:
            do(connection, deed, collars["other"], animals["other"])

    assert stored(engine, farms["other"]) == stored(engine, farms["barn"])


def test_a_corrected_assignment_is_as_if_it_had_been_right_from_the_start(engine, api, world):
    farms, collars, animals = world
    with engine.begin() as connection:
        herd.assign(connection, collars["other"][0], animals["other"][1], During(at(450), None))
    with api([farms["barn"]], [farms["barn"]]) as connection:
        wrong = herd_facts.assign(connection, farms["barn"], collars["barn"][0], animals["barn"][0], During())
    with api([farms["barn"]], [farms["barn"]]) as connection:
        right = herd_facts.correct_assignment(
            connection, farms["barn"], wrong.id, animals["barn"][1], During(at(450), None)
        )

    assert (right.collar_name, right.animal_name, right.start, right.until) == ("c0", "a1", at(450), None)
    assert stored(engine, farms["barn"])[0] == stored(engine, farms["other"])[0]


def test_how_a_collar_is_read_is_said_by_the_apis_role(engine, api, world):
    farms, collars, _ = world
    heard, silent = collars["barn"][0], None
    with api([farms["barn"]], [farms["barn"]]) as connection:
        silent = herd_names.create(connection, farms["barn"], "collar", "new")
        at_once = collar_readings.say(connection, farms["barn"], silent, CollarName("barn", "new"), Said("leg"))
        later = collar_readings.say(connection, farms["barn"], heard, CollarName("barn", "c0"), Said("leg"))

    assert (at_once.generation, later.generation) == (None, 1)
    with engine.connect() as connection:
        published = connection.execute(
            text("SELECT id, generation FROM collar WHERE farm_id = :f"), {"f": farms["barn"]}
        )
        assert {silent: 1, heard: 0}.items() <= dict(published.all()).items()


FORGED = {
    "farm": "UPDATE farm SET title = 'x' WHERE id = :farm",
    "version": "UPDATE farm SET registry_version = 0 WHERE id = :farm",
    "group": "UPDATE animal_group SET name = 'x' WHERE farm_id = :farm",
    "animal": "DELETE FROM animal WHERE farm_id = :farm",
    "collar": "UPDATE collar SET password_hash = 'x' WHERE farm_id = :farm",
    "alias": "DELETE FROM device_alias",
    "assignment": "DELETE FROM assignment WHERE animal_id = :animal",
    "membership": "DELETE FROM membership WHERE animal_id = :animal",
    "window": "UPDATE stored_window SET standing_ratio = 1 WHERE animal_id = :animal",
    "no window": "DELETE FROM stored_window WHERE animal_id = :animal",
    "marker": "UPDATE changed_bucket SET version = 9 WHERE farm_id = :farm",
    "journal": "DELETE FROM journal WHERE farm_id = :farm",
}
PLANTED = {
    "group": "INSERT INTO animal_group (farm_id, name) VALUES (:farm, 'x')",
    "animal": "INSERT INTO animal (farm_id, name) VALUES (:farm, 'x')",
    "collar": "INSERT INTO collar (farm_id, name) VALUES (:farm, 'x')",
    "farm": "INSERT INTO farm (name) VALUES ('mine')",
    "calibration": """INSERT INTO calibration (collar_id, generation, effective_from, mount, axes)
      VALUES (:collar, 9, '-infinity', 'leg', 'fwd,up,right')""",
    "alias": "INSERT INTO device_alias VALUES ('tts:x', :collar)",
    "taken alias": """INSERT INTO device_alias VALUES ('tts:theirs', :mine)
      ON CONFLICT (device) DO UPDATE SET collar_id = excluded.collar_id""",
    "assignment": "INSERT INTO assignment (collar_id, animal_id, during) VALUES (:collar, :animal, '[,]')",
    "foreign collar": "INSERT INTO assignment (collar_id, animal_id, during) VALUES (:collar, :my_animal, '[,]')",
    "foreign animal": "INSERT INTO assignment (collar_id, animal_id, during) VALUES (:mine, :animal, '[,]')",
    "foreign group": "INSERT INTO membership (animal_id, group_id, during) VALUES (:my_animal, :group, '[,]')",
    "window": """INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
      VALUES (:animal, '2020-01-01', 0, 0, 0, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))""",
    "marker": "INSERT INTO changed_bucket (farm_id, bucket) VALUES (:farm, '2020-01-01')",
    "journal": """INSERT INTO journal (farm_id, kind, start, note, author, written_at)
      VALUES (:farm, 'other', now(), '', '', now())""",
    "journal of a foreign animal": """INSERT INTO journal (farm_id, animal_id, kind, start, note, author, written_at)
      VALUES (:my_farm, :animal, 'other', now(), '', '', now())""",
    "posted": "INSERT INTO posted_message (farm_id, received_at, topic, payload) VALUES (:farm, now(), 't', '')",
    "evidence": "INSERT INTO stored_evidence (collar_id, bucket, method) VALUES (:collar, '2020-01-01', 0)",
}


@pytest.fixture
def forged(engine, api, world):
    """Run a statement as the API's role that may change the farm `barn` only, but sees both."""
    farms, collars, animals = world
    with engine.begin() as connection:
        group = herd.ensure_group(connection, farms["other"], "young")
        herd.assign(connection, collars["other"][0], animals["other"][0])
        herd.move(connection, animals["other"][0], group)
        herd.name_device(connection, collars["other"][0], "tts:theirs")
        written = journal.Written("other", datetime(2026, 5, 1, tzinfo=UTC), None, "", None, None)
        journal.write(connection, farms["other"], written, author="they")
    values = {
        "farm": farms["other"],
        "my_farm": farms["barn"],
        "animal": animals["other"][0],
        "my_animal": animals["barn"][0],
        "collar": collars["other"][0],
        "mine": collars["barn"][0],
        "group": group,
    }

    def run(statement):
        with api(list(farms.values()), [farms["barn"]]) as connection:
            return connection.execute(text(statement), values)

    return run


def test_rows_of_a_farm_that_one_may_only_see_are_not_changed(forged):
    assert {what: forged(statement).rowcount for what, statement in FORGED.items()} == dict.fromkeys(FORGED, 0)


def test_rows_of_a_farm_that_one_may_only_see_are_not_made(forged):
    for statement in PLANTED.values():
        with pytest.raises(ProgrammingError, match=r"row-level security|permission denied|check option"):
            forged(statement)


def test_evidence_and_windows_of_another_farm_are_not_there(forged, api, world):
    farms, _, _ = world

    assert forged("SELECT FROM stored_evidence WHERE collar_id = :collar").rowcount == 0
    assert forged("SELECT FROM stored_evidence WHERE collar_id = :mine").rowcount == 2
    with api(list(farms.values()), []) as connection:
        assert connection.execute(text("SELECT FROM stored_evidence")).rowcount == 0
        assert connection.execute(text("SELECT FROM stored_window")).rowcount == 0


def test_what_is_limited_to_no_farm_is_not_to_be_had(forged):
    windows = "public.evidence", "public.posture_window", "public.stored_evidence", "public.stored_window"
    for table in (*windows, "stale_bucket", "changed_span", "raw_pack"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            forged(f"SELECT FROM {table}")


def test_statements_that_derive_find_evidence_by_its_key(engine, api, world):
    farms, collars, _ = world
    with engine.begin() as connection:
        heard = """INSERT INTO stored_evidence VALUES (:collar, '2026-05-01', 5000, repeat('1', 900)::bit(900),
          repeat('1', 900)::bit(900), repeat('0', 900)::bit(900))"""
        connection.execute(text(heard), {"collar": collars["barn"][0]})
    with api([farms["barn"]], [farms["barn"]]) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text(
                """EXPLAIN SELECT FROM assignment a JOIN stored_evidence e ON e.collar_id = a.collar_id
                AND e.bucket = '2026-05-01' WHERE a.collar_id = :collar"""
            ),
            {"collar": collars["barn"][0]},
        )
        assert any("evidence_pkey" in line for line in plan.scalars())


def test_only_what_nothing_is_known_of_can_be_removed(engine, world):
    farms, collars, animals = world
    farm = farms["barn"]
    with engine.begin() as connection:
        group = herd.ensure_group(connection, farm, "young")
        herd.assign(connection, collars["barn"][0], animals["barn"][0])
        herd.move(connection, animals["barn"][0], group)
        known = {"group": group, "animal": animals["barn"][0], "collar": collars["barn"][0]}
        reasons = {"group": "in it", "animal": "wears or wore", "collar": "wears or wore"}
        for kind, one in known.items():
            made = herd_names.create(connection, farm, kind, "mistake")
            assert herd_names.remove(connection, farm, kind, made) == "mistake"
            with pytest.raises(NotFoundError):
                herd_names.remove(connection, farm, kind, made)
            with pytest.raises(ConflictError, match=reasons[kind]):
                herd_names.remove(connection, farm, kind, one)

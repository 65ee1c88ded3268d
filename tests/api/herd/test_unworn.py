"""Collars that nobody wears are told with the first second that assigning them brings in."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import bits
from core.method import Rule, method
from core.readings import CollarName
from core.timeline import bucket_start
from storage.evidence import sink
from storage.evidence.sink import Unit
from storage.herds import herd
from storage.herds.herd import During

STEP_S = 300
"""What the law draws from: two quarters of an hour in steps of five minutes."""


def at(second, last):
    return bucket_start(last - 2) + timedelta(seconds=second)


@pytest.fixture
def speak(engine, database_url):
    """Let a collar send something in some spans of seconds of the two quarters of an hour before the present one."""

    def flush(farm, name, spans, last, rule=Rule.LEG):
        with engine.begin() as connection:
            collar = herd.ensure_collar(connection, CollarName(farm, name))
            versions = dict(connection.execute(text("SELECT id, registry_version FROM farm")).all())
        evidence = {}
        for bucket in (0, 1):
            heard = 0
            for start, end in spans:
                first, stop = max(0, start - 900 * bucket), min(900, end - 900 * bucket)
                heard |= bits.between(first, stop) if first < stop else 0
            if heard:
                evidence[collar, last - 2 + bucket, method(rule)] = (heard, 0, 0)

        async def commit():
            connection = await sink.connect(database_url)
            await sink.commit(connection, Unit(evidence=evidence, registry=versions))
            await connection.close()

        asyncio.run(commit())
        return collar

    return flush


def wear(engine, collar, animal, start, until):
    with engine.begin() as connection:
        herd.assign(connection, collar, animal, During(start, until))


def told(manager):
    return {one["name"]: one for one in manager.items("/unworn-collars")}


@settings(max_examples=15)
@given(
    heard=st.sets(st.integers(0, 5), min_size=1),
    taken_off=st.none() | st.integers(0, 6).map(lambda step: step * STEP_S) | st.just(450),
)
def test_the_first_second_since_it_was_taken_off_is_told(people, engine, speak, last, heard, taken_off):
    manager = people()["manager"]
    collar = speak(manager.farm, "c-1", [(step * STEP_S, (step + 1) * STEP_S) for step in heard], last)
    if taken_off is not None:
        animal = manager.ask("POST", "/animals", json={"name": "Ada"}, status=201)["id"]
        wear(engine, collar, animal, None, at(taken_off, last))
    seconds = {second for step in heard for second in range(step * STEP_S, (step + 1) * STEP_S)}
    since = [second for second in seconds if second >= (taken_off or 0)]

    one = told(manager)["c-1"]

    first = min(since, default=None)
    assert (one["first_heard"] and datetime.fromisoformat(one["first_heard"])) == (
        None if first is None else at(first, last)
    )
    assert datetime.fromisoformat(one["last_heard"]) == at(max(seconds) + 1, last)
    assert one["recent_s"] == len(seconds)


def test_what_came_by_two_methods_counts_once(manager, speak, last):
    speak(manager.farm, "c-1", [(10, 20)], last)
    speak(manager.farm, "c-1", [(15, 25)], last, Rule.DEVICE)

    assert told(manager)["c-1"]["recent_s"] == 15


def test_a_collar_leaves_the_list_while_it_is_worn(manager, engine, speak, last):
    collar = speak(manager.farm, "c-1", [(0, 60)], last)
    manager.ask("POST", "/collars", json={"name": "c-2", "mount": "leg"}, status=201)
    assert list(told(manager)) == ["c-1", "c-2"]
    assert (told(manager)["c-1"]["mount"], told(manager)["c-2"]["first_heard"]) == ("unknown", None)

    animal = manager.ask("POST", "/animals", json={"name": "Ada"}, status=201)["id"]
    start = told(manager)["c-1"]["first_heard"]
    worn = {"collar": collar, "animal": animal, "start": start}
    manager.ask("POST", "/assignments", json=worn, status=201)
    assert list(told(manager)) == ["c-2"]

    windows = manager.client.get(
        f"/v1/animals/{animal}/windows", params={"from": at(0, last).isoformat()}, headers=manager.headers
    )
    assert windows.json()["items"][0]["received_s"] == 60  # the past came in


def test_viewers_see_which_collars_nobody_wears_and_not_what_they_said(people, speak, last):
    farm = people()
    speak(farm["viewer"].farm, "c-1", [(0, 60)], last)

    one = told(farm["viewer"])["c-1"]

    assert one["last_heard"] is not None
    assert (one["first_heard"], one["recent_s"]) == (None, 0)


def test_the_list_goes_page_by_page_and_tells_times_in_a_zone(manager, speak, last):
    for number in range(3):
        speak(manager.farm, f"c-{number}", [(0, 60)], last)

    found, cursor = [], None
    while cursor is not None or not found:
        query = {"limit": 2, "tz": "Europe/Paris"} | ({"cursor": cursor} if cursor else {})
        page = manager.ask("GET", "/unworn-collars", params=query)
        found, cursor = found + page["items"], page["next"]

    assert [one["name"] for one in found] == ["c-0", "c-1", "c-2"]
    assert datetime.fromisoformat(found[0]["first_heard"]).utcoffset() > timedelta(0)

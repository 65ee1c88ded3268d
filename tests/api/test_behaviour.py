"""Bouts, daily sheets, states and batteries as they are told: of the own farm, whole, whatever the page size."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.timeline import bucket_start
from storage.animals import animal_states, behaviour, bouts
from storage.animals.animal_states import State, Usual
from storage.animals.behaviour import Sheet
from storage.animals.bouts import Bout

DAYS = 5
UNKNOWN = Usual(None, None, None)


@pytest.fixture(scope="module")
def told(engine, yards, last):
    """Bouts, sheets, states and volts of each farm: those that `barn` has, by what they are."""
    now = bucket_start(last)
    made = {}
    with engine.begin() as connection:
        for yard in yards.values():
            animals = list(yard.animals.values())
            stretches = [
                Bout(animal, now - timedelta(hours=6 - n), now - timedelta(hours=5 - n), n % 2 == 0, n == 0, n == 5)
                for animal in animals
                for n in range(6)
            ]
            sheets = [(animal, sheet(now, age)) for age in range(DAYS) for animal in animals]
            states = [
                State(animal, now, name, reason, now, now, None, 0.5, score, 20, Usual(9.0, 8.0, 12.0), *[UNKNOWN] * 3)
                for animal, (name, reason, score) in zip(animals, SAID, strict=True)
            ]
            bouts.replace_bouts(connection, animals, now - timedelta(days=1), now, stretches)
            behaviour.replace_sheets(connection, animals, [one.day for _, one in sheets], sheets)
            animal_states.keep_states(connection, states)
            connection.execute(
                text(
                    "INSERT INTO battery_day SELECT :collar, CAST(:day AS date) - n, 3.5 + n / 10.0"
                    " FROM generate_series(0, 4) n"
                ),
                {"collar": yard.facts["collar"], "day": now.date()},
            )
            made[yard.farm] = {"bouts": stretches, "sheets": sheets}
    return made["barn"]


SAID = [("normal", "", 0.1), ("look_now", "", 1.4), ("none", "not enough days", None)]


def sheet(now, age):
    day = now.date() - timedelta(days=age)
    start = now.replace(hour=0, minute=0) - timedelta(days=age)
    plain = Sheet(day, start, 86_400, 80_000, 75_000, 75_000, 40_000, 35_000, *[None] * 9, start, False)
    return plain._replace(lying_bouts=12, night_last_rise=start + timedelta(hours=5))


def everything(get, path, **query):
    """All items of a list, two at a time, with the page sizes on the way."""
    items, cursor = [], None
    while True:
        answer = get(path, limit=2, **query, **({} if cursor is None else {"cursor": cursor})).json()
        items += answer["items"]
        assert len(answer["items"]) <= 2
        cursor = answer["next"]
        if cursor is None:
            return items


def test_bouts_come_by_start_and_animal_and_each_once(get, told, yards):
    items = everything(get, "/v1/farms/barn/animals/bouts")

    expected = sorted((bout.start, bout.animal_id) for bout in told["bouts"])
    assert [(item["start"], item["animal_id"]) for item in items] == [
        (start.strftime("%Y-%m-%dT%H:%M:%SZ"), animal) for start, animal in expected
    ]
    assert {item["length_s"] for item in items} == {3600}
    assert {item["animal_name"] for item in items} == set(yards["barn"].animals)


def test_bouts_of_one_animal_are_those_with_a_part_in_the_span(get, told, yards, last):
    ada, now = yards["barn"].animals["ada"], bucket_start(last)
    span = {"from": now - timedelta(hours=4.5), "to": now - timedelta(hours=2.5)}
    items = get(f"/v1/animals/{ada}/bouts", **{name: at.isoformat() for name, at in span.items()}).json()["items"]

    assert len(items) == 3
    assert [item["posture"] for item in items] == ["standing", "lying", "standing"]
    assert not any(item["open_start"] or item["open_end"] for item in items)


def test_sheets_come_by_day_and_animal_and_each_once(get, told):
    items = everything(get, "/v1/farms/barn/animals/days")

    expected = sorted((one.day.isoformat(), animal) for animal, one in told["sheets"])
    assert [(item["day"], item["animal_id"]) for item in items] == expected
    assert items[0]["coverage"] == pytest.approx(75 / 86.4)
    assert items[0]["standing_ratio"] == pytest.approx(40 / 75)
    assert items[0]["rises"] is None


def test_days_are_from_and_not_to(get, told, yards, last):
    today = bucket_start(last).date()
    span = {"from": str(today - timedelta(days=3)), "to": str(today - timedelta(days=1))}
    items = get(f"/v1/animals/{yards['barn'].animals['bea']}/days", **span).json()["items"]

    assert [item["day"] for item in items] == [str(today - timedelta(days=age)) for age in (3, 2)]
    empty = get("/v1/farms/barn/days", **{"from": str(today), "to": str(today)}).json()
    assert empty == {"next": None, "items": []}


@pytest.mark.parametrize("path", ["/v1/farms/barn/days", "/v1/groups/{group}/days"])
def test_groups_and_herds_tell_means_by_day(get, told, yards, path):
    items = everything(get, path.format(group=yards["barn"].groups["young"]))

    members = 3 if "farms" in path else 2
    assert len(items) == DAYS
    assert [item["day"] for item in items] == sorted(item["day"] for item in items)
    assert {(item["members"], item["measured"], item["lying_bouts"]) for item in items} == {(members, members, 12)}
    assert items[0]["standing_h"] + items[0]["lying_h"] == pytest.approx(24)


def test_days_as_csv_say_the_same(get, told):
    answer = get("/v1/farms/barn/animals/days", format="csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(told["sheets"])
    assert rows[0]["day"] == get("/v1/farms/barn/animals/days").json()["items"][0]["day"]


def test_animals_that_need_a_look_come_first(get, told, yards):
    items = everything(get, "/v1/farms/barn/states")

    assert [(item["animal"]["name"], item["state"]) for item in items] == [
        ("bea", "look_now"),
        ("cora", "none"),
        ("ada", "normal"),
    ]
    assert items[0]["standing_h"] == {"seen": 9.0, "low": 8.0, "high": 12.0}
    assert items[1]["reason"] == "not enough days"
    one = get("/v1/farms/barn/states", animal=yards["barn"].animals["ada"]).json()["items"]
    assert [item["animal"]["name"] for item in one] == ["ada"]
    assert get("/v1/farms/barn/states", group=yards["other"].groups["old"]).json()["items"] == []


def test_a_battery_is_told_by_day(get, told, yards):
    items = everything(get, f"/v1/farms/barn/collars/{yards['barn'].facts['collar']}/battery")

    assert [item["least_v"] for item in items] == pytest.approx([3.9, 3.8, 3.7, 3.6, 3.5])


def test_animals_of_another_farm_have_nothing_here(get, told, yards):
    foreign = yards["other"].animals["ada"]

    assert get("/v1/farms/barn/animals/bouts", animal=foreign).json()["items"] == []
    assert get(f"/v1/animals/{foreign}/days").status_code == 404

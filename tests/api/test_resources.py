"""What resources tell is what the tables hold, in the time zone that was asked for."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from core import bits
from core.readings import CollarName
from core.timeline import bucket_start
from storage.herds import herd


def instant(text):
    return datetime.fromisoformat(text)


def test_a_farm_tells_its_own_facts_and_the_callers_role(get):
    assert get("/v1/farms/barn").json() == {
        "name": "barn",
        "title": "Barn",
        "time_zone": "Europe/Paris",
        "latitude": 45.0,
        "longitude": 1.5,
        "species": "goat",
        "events": [{"name": "milking", "at": "06:30", "minutes": 60.0}],
        "animal_coverage": 0.5,
        "group_coverage": 0.5,
        "role": "viewer",
    }


def test_groups_count_those_who_belong_to_them_now(get):
    groups = get("/v1/farms/barn/groups").json()["items"]

    assert {group["name"]: group["animals"] for group in groups} == {"young": 2, "old": 1}


def test_animals_tell_group_and_collar_of_now(get, yards):
    animals = {animal["name"]: animal for animal in get("/v1/farms/barn/animals").json()["items"]}
    collars = {collar["id"]: collar for collar in get("/v1/farms/barn/collars").json()["items"]}

    assert {name: animal["group"]["name"] for name, animal in animals.items()} == {
        "ada": "young",
        "bea": "young",
        "cora": "old",
    }
    for name, animal in animals.items():
        assert [collars[collar]["name"] for collar in animal["collar_ids"]] == [f"c-{name}"]
        assert [collars[collar]["animal"]["id"] for collar in animal["collar_ids"]] == [yards["barn"].animals[name]]


@pytest.fixture
def lab(engine, person, as_user):
    """A farm of one's own, with one collar that nobody wears, seen by a person of one's own."""

    def make(name):
        user = person()
        with engine.begin() as connection:
            collar = herd.ensure_collar(connection, CollarName(name, "c-1"))
            connection.execute(
                text(
                    """INSERT INTO app_user_farm SELECT u.id, f.id, 'viewer' FROM app_user u, farm f
                    WHERE u.name = :user AND f.name = :farm"""
                ),
                {"user": user, "farm": name},
            )
        return collar, as_user(user)

    return make


def test_a_collar_that_was_never_heard_says_so(lab):
    _, get = lab("silent")

    (collar,) = get("/v1/farms/silent/collars").json()["items"]

    assert (collar["mount"], collar["animal"], collar["last_heard"], collar["status"]) == ("unknown", None, None, None)


def test_a_collar_was_last_heard_at_the_end_of_its_latest_second(engine, lab, last):
    """Of all methods and buckets; a later status counts as well, an earlier one does not."""
    collar, get = lab("heard")
    received = {last - 1: bits.between(0, 900), last: bits.between(5, 10) | bits.between(40, 62)}
    with engine.begin() as connection:
        for bucket, seconds in received.items():
            connection.execute(
                text(
                    """INSERT INTO stored_evidence VALUES (:collar, :bucket, 5000, CAST(:seconds AS bit(900)),
                    repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))"""
                ),
                {"collar": collar, "bucket": bucket_start(bucket), "seconds": bits.to_text(seconds)},
            )
    assert heard(get) == bucket_start(last) + timedelta(seconds=62)

    for offset, expected in ((30, 62), (90, 90)):
        with engine.begin() as connection:
            connection.execute(
                text(
                    """INSERT INTO collar_status (collar_id, at, online, battery_v, rssi_dbm, firmware)
                    VALUES (:collar, :at, true, 3.5, -70, '1.2')
                    ON CONFLICT (collar_id) DO UPDATE SET at = excluded.at"""
                ),
                {"collar": collar, "at": bucket_start(last) + timedelta(seconds=offset)},
            )
        assert heard(get) == bucket_start(last) + timedelta(seconds=expected)
    (told,) = get("/v1/farms/heard/collars").json()["items"]
    assert told["status"] == {
        "at": (bucket_start(last) + timedelta(seconds=90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "online": True,
        "battery_v": 3.5,
        "rssi_dbm": -70.0,
        "firmware": "1.2",
    }


def heard(get):
    (collar,) = get("/v1/farms/heard/collars").json()["items"]
    return instant(collar["last_heard"])


def test_windows_of_an_animal_are_its_rows(get, yards, last):
    answer = get(f"/v1/animals/{yards['barn'].animals['bea']}/windows").json()

    assert [instant(window["bucket"]) for window in answer["items"]] == [
        bucket_start(last - age) for age in reversed(range(12)) if age % 3
    ]
    for window in answer["items"]:
        assert (window["received_s"], window["known_s"], window["standing_s"]) == (630, 600, 200)
        assert window["standing_ratio"] == pytest.approx(1 / 3)


def test_windows_of_a_group_weigh_seconds_and_count_members(get, yards, last):
    """`young` is ada, 100 s of 600 standing, and bea, 200 of 600, of whom every third window is missing."""
    items = get(f"/v1/groups/{yards['barn'].groups['young']}/windows").json()["items"]

    assert [instant(item["bucket"]) for item in items] == [bucket_start(last - age) for age in reversed(range(12))]
    for age, item in zip(reversed(range(12)), items, strict=True):
        both = bool(age % 3)
        assert (item["heard"], item["members"]) == (2 if both else 1, 2)
        assert item["known_s"] == (1200 if both else 600)
        # ada alone is 600 known seconds of 1800, less than half: no ratio of one half of the group
        assert item["standing_ratio"] == (pytest.approx(300 / 1200) if both else None)


def test_windows_of_the_herd_hold_every_animal(get, last):
    items = get("/v1/farms/barn/windows").json()["items"]

    assert {item["members"] for item in items} == {3}
    assert [item["standing_s"] for item in items] == [600 if age % 3 else 400 for age in reversed(range(12))]


@pytest.mark.parametrize("path", ["/v1/farms/barn/windows", "/v1/farms/barn/forecast", "/v1/rejected"])
def test_a_time_zone_changes_how_times_are_written_and_nothing_else(get, path):
    utc, paris = get(path).text, get(path, tz="Europe/Paris").text

    assert "Z" in utc
    assert "+02:00" not in utc
    assert "+02:00" in paris or "+01:00" in paris
    assert same_instants(utc) == same_instants(paris)


def same_instants(text):
    def told(value):
        if isinstance(value, dict):
            return {key: told(item) for key, item in value.items() if key != "next"}
        if isinstance(value, list):
            return [told(item) for item in value]
        try:
            return instant(value).timestamp()
        except (TypeError, ValueError):
            return value

    return told(json.loads(text))


@pytest.mark.parametrize("tz", ["Mars/Base", "../etc/passwd", "/etc/passwd", "Europe", "", "UTC\0", "x" * 65])
def test_a_time_zone_that_is_none_is_refused(get, tz):
    answer = get("/v1/farms/barn/windows", tz=tz)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["tz"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param("2026-03-29T01:00:00Z", 200, id="utc"),
        pytest.param("2026-03-29T01:00:00+02:00", 200, id="offset"),
        pytest.param("2026-03-29T01:00:00.5-03:30", 200, id="fraction"),
        pytest.param("0001-01-01T00:00:00+14:00", 200, id="before-everything"),
        pytest.param("9999-12-31T23:59:59-12:00", 200, id="after-everything"),
        pytest.param("2026-03-29T01:00:00", 422, id="no-offset"),
        pytest.param("2026-03-29", 422, id="day"),
        pytest.param("1774746000", 422, id="number"),
        pytest.param("yesterday", 422, id="word"),
        pytest.param("", 422, id="nothing"),
    ],
)
@pytest.mark.parametrize("name", ["from", "to"])
def test_instants_are_rfc_3339(get, given, status, name):
    answer = get("/v1/farms/barn/windows", **{name: given})

    assert answer.status_code == status, answer.text
    if status == 422:
        assert [error["field"] for error in answer.json()["errors"]] == [name]


def test_a_plus_that_nobody_escaped_is_understood(get):
    """12 windows from 2026-07-01 07:15 UTC on: those before 10:00 at +02:00 are left out."""
    lost, kept = (
        get(f"/v1/farms/barn/windows?from=2026-07-01T10:00:00{plus}02:00").json()["items"] for plus in ("+", "%2B")
    )

    assert lost == kept
    assert lost[0]["bucket"] == "2026-07-01T08:00:00Z"


def test_the_latest_forecast_has_a_step_each_quarter_of_an_hour(get, yards, last):
    forecast = get(f"/v1/groups/{yards['barn'].groups['young']}/forecast").json()

    assert instant(forecast["issued_at"]) == bucket_start(last)
    assert forecast["model"] == "sarimax"
    assert forecast["inputs_hash"] == "01" * 32
    assert [step["step"] for step in forecast["steps"]] == list(range(1, 193))
    assert [instant(step["bucket"]) for step in forecast["steps"]] == [bucket_start(last + at) for at in range(192)]
    step = forecast["steps"][100]
    assert (step["lower95"], step["lower80"], step["mean"], step["upper80"], step["upper95"]) == pytest.approx(
        (0.15, 0.25, 0.35, 0.45, 0.55)
    )
    assert step["baselines"] is None


def test_a_forecast_is_told_as_it_was_known_at_an_instant(get, last):
    def issued_at(instant_):
        return get("/v1/farms/barn/forecast", issued_at=instant_.isoformat())

    before, exactly, later = bucket_start(last - 5), bucket_start(last - 4), bucket_start(last - 1)

    assert issued_at(before).status_code == 404
    for asked in (exactly, later):
        assert instant(issued_at(asked).json()["issued_at"]) == exactly


def test_baselines_come_if_asked_for(get):
    step = get("/v1/farms/barn/forecast", baselines=True).json()["steps"][0]

    assert step["baselines"] == pytest.approx(
        {"persistence": 0.5, "mean": 0.6, "seasonal_naive": None, "mean_14d": 0.4}
    )


@pytest.mark.parametrize("hours", [24, 168, 672])
def test_scores_are_told_by_band_and_model(get, last, hours):
    """The forecast issued four buckets ago said 0.250, 0.251, ... where 0.5 came."""
    answer = get("/v1/farms/barn/scores", hours=hours).json()
    errors = [0.25 + step / 1000 - 0.5 for step in range(4)]
    rmse = (sum(error**2 for error in errors) / 4) ** 0.5
    scores = {(score["band"], score["model"]): score for score in answer["live"]}

    assert answer["backtest"] == []
    assert instant(answer["end"]) == bucket_start(last)
    assert instant(answer["end"]) - instant(answer["start"]) == timedelta(hours=hours)
    score = scores["1-4", "model"]
    assert (score["n"], score["coverage80"], score["coverage95"]) == (4, 0, 0)
    assert (score["rmse"], score["bias"]) == pytest.approx((rmse, sum(errors) / 4), abs=1e-6)
    assert scores["1-4", "persistence"]["rmse"] == 0
    assert scores["1-4", "persistence"]["coverage80"] is None


def test_scores_by_day_are_those_of_each_day_of_the_farm(get, last):
    days = get("/v1/farms/barn/scores/days", days=3).json()["days"]
    today = bucket_start(last).astimezone(ZoneInfo("Europe/Paris")).date()
    assert [day["day"] for day in days] == [str(today - timedelta(days=age)) for age in (2, 1, 0)]
    whole = next(one for one in get("/v1/farms/barn/scores").json()["live"] if one["model"] == "model")
    parts = [score for day in days for score in day["live"] if (score["model"], score["band"]) == ("model", "1-4")]
    assert sum(part["n"] for part in parts) == whole["n"] == 4
    assert sum(part["n"] * part["rmse"] ** 2 for part in parts) == pytest.approx(4 * whole["rmse"] ** 2)
    assert get("/v1/farms/barn/scores/days", days=29).status_code == 422


def test_scores_of_other_spans_are_refused(get):
    answer = get("/v1/farms/barn/scores", hours=25)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "hours"


def test_where_nothing_was_forecast_yet_there_are_windows_and_empty_scores(lab):
    _, get = lab("fresh")

    assert get("/v1/farms/fresh/windows").json()["items"] == []
    assert get("/v1/farms/fresh/scores").json()["live"] == []
    assert get("/v1/farms/fresh/forecast").json()["detail"] == "there is no forecast of 'herd of fresh'"


def test_rejected_messages_come_latest_first(get):
    messages = get("/v1/rejected").json()["items"]
    order = [(message["last_received"], message["key"]) for message in messages]

    assert order == sorted(order, reverse=True)
    assert len(messages) == 7
    assert {message["topic"] for message in messages} == {"animov/v1/barn/c-ada/samples"}

"""Alerts as they are told: what about, why, in which state, in two languages."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.time_texts import moment
from storage.herds import journal
from storage.herds.journal import Written


def test_an_alert_is_told_with_its_numbers_and_in_words(get, yards):
    alert = get(f"/v1/alerts/{yards['barn'].alert}", tz="Europe/Paris").json()

    assert alert["subject"] == {"kind": "herd", "id": yards["barn"].farm_id, "name": "barn"}
    assert (alert["state"], alert["severity"], alert["until"]) == ("open", "warning", None)
    assert alert["since"].endswith("+02:00")
    assert alert["text"].startswith("stands 21% of the time where 55% was expected; below the band in 6 of 8")
    assert (alert["evidence"]["outside"], alert["evidence"]["quarters"][0]["ratio"]) == (6, None)
    assert alert["causes"] == [
        {"code": "rain", "text": "rain: 2.0 mm an hour", "numbers": {"weight": 0.4, "rain_mm": 2.0}}
    ]


def test_both_times_of_an_alert_are_told_on_the_farm_s_clock_whichever_zone_is_asked_for(get, yards):
    path = f"/v1/alerts/{yards['barn'].alert}"
    told, elsewhere, french = get(path).json(), get(path, tz="Asia/Tokyo").json(), get(path, lang="fr").json()
    instants = [datetime.fromisoformat(told[name]) for name in ("since", "opened_at")]
    since, found = (moment(instant, ZoneInfo("Europe/Paris"), "en") for instant in instants)

    assert told["when"] == elsewhere["when"] == f"since {since}, found {found}"
    assert french["when"].startswith("depuis ")
    assert ", constaté " in french["when"]


def test_an_alert_tells_what_the_journal_says_of_the_time_before(get, yards, engine):
    number = yards["barn"].alert
    since = datetime.fromisoformat(get(f"/v1/alerts/{number}").json()["since"])
    moved = Written("move", since - timedelta(hours=5), None, "to the new pen", yards["barn"].groups["young"], None)
    with engine.begin() as connection:
        entry = journal.write(connection, yards["barn"].farm_id, moved, author="ada")
    told = get(f"/v1/alerts/{number}", tz="Europe/Paris", lang="fr").json()["journal"]
    listed = {one["id"]: one for one in get("/v1/farms/barn/alerts", lang="fr", tz="Europe/Paris").json()["items"]}
    with engine.begin() as connection:
        journal.erase(connection, yards["barn"].farm_id, entry)

    assert [(one["id"], one["kind"], one["about"], one["text"]) for one in told] == [
        (entry, "move", "group", "déplacement, lot young : to the new pen")
    ]
    assert datetime.fromisoformat(told[0]["start"]) == moved.start
    assert told[0]["start"].endswith("+02:00")
    assert listed[number]["journal"] == told
    assert get(f"/v1/alerts/{number}").json()["journal"] == []


def test_alerts_are_found_by_kind_and_by_when_they_were_raised(get, yards):
    alert = get(f"/v1/alerts/{yards['barn'].alert}").json()
    at = alert["opened_at"]
    later = (datetime.fromisoformat(at) + timedelta(seconds=1)).isoformat()

    for query, is_found in (
        ({"from": at, "to": later, "kind": alert["kind"]}, True),
        ({"from": later}, False),
        ({"to": at}, False),
        ({"kind": "none"}, False),
        ({"kind": "a\x00"}, False),
    ):
        found = get("/v1/farms/barn/alerts", **query)
        assert (alert["id"] in {one["id"] for one in found.json().get("items", ())}) is is_found, query
        assert found.status_code < 500


def test_an_alert_is_told_in_french(get, yards):
    alert = get(f"/v1/alerts/{yards['barn'].alert}", lang="fr").json()

    assert alert["text"].startswith("debout 21\u202f% du temps pour 55\u202f% attendus")
    assert alert["causes"][0]["text"] == "pluie : 2.0 mm par heure"


@pytest.mark.parametrize(
    ("accepted", "lang", "french"),
    [("fr-FR,fr;q=0.9,en;q=0.5", None, True), ("fr", "en", False), ("en", "fr", True), ("de", None, False)],
)
def test_the_language_is_that_of_the_client_unless_another_is_asked_for(
    client, headers_of, yards, accepted, lang, french
):
    headers = {**headers_of("barn-viewer"), "Accept-Language": accepted}
    query = {} if lang is None else {"lang": lang}

    listed = client.get("/v1/farms/barn/alerts", params=query, headers=headers)
    alert = client.get(f"/v1/alerts/{yards['barn'].alert}", params=query, headers=headers)

    assert {"Accept-Language"} <= set(listed.headers["Vary"].split(", ")) & set(alert.headers["Vary"].split(", "))
    assert alert.json()["text"].startswith("debout ") is french
    assert alert.json() in listed.json()["items"]


@pytest.mark.parametrize(
    ("states", "subjects"),
    [
        pytest.param([], ["farm", "group", "group", "herd"], id="all"),
        pytest.param(["open"], ["farm", "herd"], id="one"),
        pytest.param(["dismissed", "closed"], ["group", "group"], id="several"),
        pytest.param(["seen"], [], id="none"),
    ],
)
def test_alerts_are_listed_by_state_the_last_first(get, states, subjects):
    query = "&".join(f"state={state}" for state in states)
    items = get(f"/v1/farms/barn/alerts?{query}").json()["items"]

    assert [item["subject"]["kind"] for item in items] == subjects
    assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)
    assert {item["state"] for item in items} <= set(states or ["open", "dismissed", "closed"])


def test_other_states_and_languages_are_refused(get):
    for name, value in (("state", "loud"), ("lang", "de")):
        answer = get("/v1/farms/barn/alerts", **{name: value})
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {name}

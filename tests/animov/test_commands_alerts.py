"""Alerts on the command line: what goes on unless another state is asked for, in two languages."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from storage import alerts, findings, herd
from storage.database import engine_for
from storage.findings import Finding, Subject

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def raised(node, database_url):
    """Two deviations of farms of their own, the second dismissed; returns the command line."""
    engine = engine_for(database_url)
    with engine.begin() as connection:
        for farm in ("barn", "hill"):
            farm_id = herd.ensure_farm(connection, farm)
            found = Finding(
                subject=Subject(group_id=herd.ensure_group(connection, farm_id, "dairy")),
                since=NOON,
                opened_at=NOON + timedelta(hours=2),
                last_evidence_at=NOON + timedelta(hours=2),
                until=None,
                ended_by="",
                severity="warning",
                evidence={"direction": "more", "outside": 6, "windows": 8, "observed": 0.9},
                expected={"mean": 0.5},
                causes=[{"code": "farm_event", "weight": 0.3, "event": "milking"}],
            )
            made = findings.add(connection, farm_id, "deviation", found)
        alerts.judge(connection, made, "dismissed", by="ada", at=NOON, note="visitors")
    engine.dispose()
    return node


def listed(ran):
    assert ran.code == 0, ran.err
    return [(alert["farm"], alert["state"]) for alert in json.loads(ran.out)]


def test_what_goes_on_is_listed_unless_another_state_is_asked_for(raised):
    assert listed(raised("alerts", "list", "--json")) == [("barn", "open")]
    assert listed(raised("alerts", "list", "--json", "--state", "dismissed")) == [("hill", "dismissed")]
    assert len(listed(raised("alerts", "list", "--json", "--state", "dismissed", "--state", "open"))) == 2
    assert listed(raised("alerts", "list", "--json", "--farm", "hill")) == []


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["group dairy: stands 90% of the time where 50% was expected", "at the time of milking"]),
        ("fr", ["group dairy: debout 90\u202f% du temps pour 50\u202f% attendus", "à l'heure de milking"]),
    ],
)
def test_people_read_sentences(raised, lang, words):
    out = raised("alerts", "list", "--lang", lang).out
    assert all(word in out for word in words), out


def test_nothing_to_look_at_is_said(node):
    assert node("alerts", "list").out == "no such alerts\n"


@pytest.mark.parametrize("words", [["--state", "loud"], ["--lang", "de"], ["--limit", "0"]])
def test_what_is_not_to_be_had_is_wrong_usage(node, words):
    assert node("alerts", "list", *words).code == 2


def test_a_farm_that_does_not_exist_is_refused(node):
    ran = node("alerts", "list", "--farm", "nowhere")
    assert (ran.code, ran.err) == (1, "animov: there is no farm 'nowhere'\n")

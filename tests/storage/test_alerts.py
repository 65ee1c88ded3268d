"""Alerts: one goes on for each kind and subject, the state follows from data and people, each change is on record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.errors import ConflictError, NotFoundError
from storage.alerting import alerts, findings
from storage.alerting.alerts import Change
from storage.alerting.findings import Finding, Subject
from storage.engine import database, news
from storage.engine.database import scoped_to
from storage.herds import herd

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        return herd.ensure_farm(connection, "barn")


def found(subject=None, **changes):
    made = Finding(
        subject=subject or Subject(),
        since=NOON,
        opened_at=NOON + HOUR,
        last_evidence_at=NOON + HOUR,
        until=None,
        ended_by="",
        severity="warning",
        evidence={"volts": 3.1},
        expected={},
        causes=[],
    )
    return replace(made, **changes)


def test_one_alert_goes_on_for_each_kind_and_subject(engine, farm):
    with engine.begin() as connection:
        group = herd.ensure_group(connection, farm, "dairy")
        made = [
            findings.add(connection, farm, kind, found(subject))
            for kind in ("battery", "lag", "battery")
            for subject in (Subject(), Subject(group_id=group))
        ]
        findings.end(connection, made[0], "undone", at=NOON + 2 * HOUR)
        again = findings.add(connection, farm, "battery", found())

    assert made[4:] == [None, None]
    assert len({*made[:4], again}) == 5


@pytest.mark.parametrize(
    ("judgement", "ended", "state"),
    [
        (None, False, "open"),
        (None, True, "closed"),
        ("seen", False, "seen"),
        ("seen", True, "closed"),
        ("dismissed", False, "dismissed"),
        ("dismissed", True, "dismissed"),
        ("confirmed", True, "confirmed"),
    ],
)
@pytest.mark.parametrize("people_first", [True, False])
def test_the_state_follows_from_the_data_and_from_people_in_any_order(
    engine, farm, judgement, ended, state, people_first
):
    def say(connection, alert):
        if judgement:
            alerts.judge(connection, alert, judgement, by="ada", at=NOON, note="visitors")

    with engine.begin() as connection:
        alert = findings.add(connection, farm, "battery", found())
        if people_first:
            say(connection, alert)
        if ended:
            findings.amend(connection, alert, found(until=NOON + 2 * HOUR, ended_by="inside"), at=NOON + 3 * HOUR)
        if not people_first:
            say(connection, alert)
        assert alerts.alert(connection, alert).state == state


def test_each_change_is_on_record_and_what_changes_nothing_is_not(engine, farm):
    ended = found(until=NOON + 2 * HOUR, ended_by="inside")
    with engine.begin() as connection:
        alert = findings.add(connection, farm, "battery", found())
        alerts.judge(connection, alert, "seen", by="ada", at=NOON + HOUR)
        for _ in range(2):
            findings.amend(connection, alert, ended, at=NOON + 3 * HOUR)
        alerts.judge(connection, alert, "confirmed", by="bea", at=NOON + 4 * HOUR, note="flat")
        changes = alerts.changes_of(connection, alert)

    assert changes == [
        Change(NOON + HOUR, "open", "", ""),
        Change(NOON + HOUR, "seen", "ada", ""),
        Change(NOON + 3 * HOUR, "closed", "", "inside"),
        Change(NOON + 4 * HOUR, "confirmed", "bea", "flat"),
    ]


@pytest.mark.parametrize("statement", ["UPDATE alert_change SET by_user = 'eve'", "DELETE FROM alert_change"])
def test_nobody_rewrites_the_record(database_url, statement):
    engine = database.engine_for(database.as_role(database_url, "animov_app"))
    with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_who_dismisses_or_confirms_says_why(engine, farm):
    with engine.begin() as connection:
        alert = findings.add(connection, farm, "battery", found())
        with pytest.raises(ConflictError, match="a reason"):
            alerts.judge(connection, alert, "dismissed", by="ada", at=NOON)
        with pytest.raises(ConflictError, match="a finding"):
            alerts.judge(connection, alert, "confirmed", by="ada", at=NOON, note=" ")
        with pytest.raises(NotFoundError):
            alerts.judge(connection, alert + 1, "seen", by="ada", at=NOON)


def test_what_was_judged_is_not_only_seen_later(engine, farm):
    with engine.begin() as connection:
        alert = findings.add(connection, farm, "deviation", found())
        alerts.judge(connection, alert, "dismissed", by="ada", at=NOON, note="visitors")
        with pytest.raises(ConflictError, match="dismissed already"):
            alerts.judge(connection, alert, "seen", by="bob", at=NOON)

        assert alerts.alert(connection, alert).note == "visitors"


def test_an_alert_has_one_subject_at_most(engine, farm):
    with engine.connect() as connection:
        both = Subject(group_id=herd.ensure_group(connection, farm, "dairy"), animal_id=1)
        with pytest.raises(IntegrityError):
            findings.add(connection, farm, "battery", found(both))


def test_the_api_sees_the_alerts_of_the_farms_in_scope_only(engine, farm, database_url):
    with engine.begin() as connection:
        other = herd.ensure_farm(connection, "other")
        mine, theirs = (findings.add(connection, one, "battery", found()) for one in (farm, other))
    api = database.engine_for(database.as_role(database_url, "animov_api"))
    with scoped_to(api, [farm]) as connection:
        listed = alerts.alerts(connection, limit=10)
        hidden = alerts.changes_of(connection, theirs)
        with pytest.raises(NotFoundError):
            alerts.alert(connection, theirs)
    api.dispose()

    assert ([alert.id for alert in listed], hidden) == ([mine], [])


def test_listeners_are_told_when_a_change_is_committed(engine, farm, database_url):
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {news.ALERTS}")
        with engine.begin() as connection:
            findings.add(connection, farm, "battery", found())
        assert [told.channel for told in listener.notifies(timeout=60, stop_after=1)] == [news.ALERTS]

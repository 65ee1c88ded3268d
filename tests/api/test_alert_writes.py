"""What people say of an alert stays said, by whom it was said, and by managers alone."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from core.timeline import bucket_start
from storage.alerting import alerts, findings
from storage.alerting.findings import Finding, Subject


@pytest.fixture
def raised(engine, yards, last):
    """Raise an alert of a farm and return its number: of a kind of its own, for one that goes on is enough."""

    def make(farm="barn"):
        at = bucket_start(last)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alert SET until = since, ended_by = 'inside' WHERE kind = 'coverage'"))
            about = Finding(
                subject=Subject(),
                since=at,
                opened_at=at,
                last_evidence_at=at,
                until=None,
                ended_by="",
                severity="warning",
                evidence={},
                expected={},
                causes=[],
            )
            return findings.add(connection, yards[farm].farm_id, "coverage", about)

    return make


@pytest.fixture
def say(client, headers_of):
    """Say something of an alert as somebody."""

    def post(name, number, deed, **body):
        headers = headers_of(name)
        return client.post(f"/v1/alerts/{number}/{deed}", headers=headers, json=body or None)

    return post


def test_an_alert_is_seen_confirmed_and_both_are_on_record(say, raised, get):
    number = raised()

    assert say("barn-manager", number, "seen").json()["state"] == "seen"
    answer = say("barn-administrator", number, "confirm", finding="boiterie").json()

    assert (answer["state"], answer["note"]) == ("confirmed", "boiterie")
    changes = get(f"/v1/alerts/{number}/changes").json()["items"]
    assert [(one["state"], one["by"], one["note"]) for one in changes[-2:]] == [
        ("seen", "barn-manager", ""),
        ("confirmed", "barn-administrator", "boiterie"),
    ]


def test_what_was_judged_is_not_seen_anew_but_may_be_judged_again(say, raised):
    number = raised()

    assert say("barn-manager", number, "dismiss", reason="visitors").json()["state"] == "dismissed"
    assert say("barn-manager", number, "seen").status_code == 409
    assert say("barn-manager", number, "confirm", finding="lame after all").json()["state"] == "confirmed"


@pytest.mark.parametrize(
    ("deed", "body"), [("dismiss", {"reason": "visitors"}), ("confirm", {"finding": "lame"}), ("seen", {})]
)
@pytest.mark.parametrize("over", [False, True])
def test_what_was_said_is_taken_back_whether_or_not_the_alert_is_over(say, raised, get, engine, deed, body, over):
    number = raised()
    said = say("barn-manager", number, deed, **body).json()["state"]
    if over:
        with engine.begin() as connection:
            findings.end(connection, number, "covered", at=datetime.now(UTC))
    state = "closed" if over else "open"
    before = said if not over or deed != "seen" else "closed"

    answer = say("barn-administrator", number, "reopen")

    assert (answer.status_code, answer.json()["state"], answer.json()["note"]) == (200, state, "")
    assert (answer.json()["until"] is None) == (not over)
    changes = get(f"/v1/alerts/{number}/changes").json()["items"]
    assert [changes[-1][name] for name in ("state", "by", "note")] == [state, "barn-administrator", ""]
    with engine.connect() as connection:
        query = "SELECT actor, change FROM audit_log WHERE subject = :subject AND action = 'alert.reopened'"
        (row,) = connection.execute(text(query), {"subject": f"alert {number}"}).all()
    assert tuple(row) == ("barn-administrator", {"state": before, "note": next(iter(body.values()), "")})
    again = say("barn-manager", number, "reopen")
    assert (again.status_code, again.json()["detail"]) == (409, f"nobody has judged alert {number}")
    assert say("barn-manager", number, "dismiss", reason="no").json()["state"] == "dismissed"


def test_viewers_and_strangers_take_nothing_back(say, raised, engine):
    number = raised()
    say("barn-manager", number, "dismiss", reason="visitors")

    assert say("barn-viewer", number, "reopen").status_code == 403
    assert say("other-administrator", number, "reopen").status_code == 404
    with engine.connect() as connection:
        assert alerts.alert(connection, number).state == "dismissed"


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("dismiss", {}),
        ("dismiss", {"reason": " "}),
        ("dismiss", {"finding": "lame"}),
        ("confirm", {"finding": ""}),
        ("confirm", {"finding": "a\x00b"}),
    ],
)
def test_no_verdict_without_its_words(say, raised, deed, body):
    assert say("barn-manager", raised(), deed, **body).status_code == 422


def test_viewers_and_strangers_say_nothing(say, raised, engine):
    number = raised()

    assert say("barn-viewer", number, "seen").status_code == 403
    assert say("other-administrator", number, "seen").status_code == 404
    with engine.connect() as connection:
        assert connection.execute(text("SELECT state FROM alert WHERE id = :id"), {"id": number}).scalar() == "open"


def test_who_said_what_is_in_the_audit_log(say, raised, engine):
    number = raised()
    say("barn-manager", number, "dismiss", reason="visitors")

    with engine.connect() as connection:
        query = "SELECT actor, action, change FROM audit_log WHERE subject = :subject"
        (row,) = connection.execute(text(query), {"subject": f"alert {number}"}).all()
    assert tuple(row) == ("barn-manager", "alert.dismissed", {"note": "visitors"})


def test_the_report_counts_what_was_said(say, raised, get):
    before = report(get)
    for deed, body in (("confirm", {"finding": "lame"}), ("dismiss", {"reason": "no"}), ("seen", {})):
        say("barn-manager", raised(), deed, **body)
    after = report(get)

    assert [after[name] - before[name] for name in ("raised", "confirmed", "dismissed", "unjudged")] == [3, 1, 1, 1]
    assert after["lower95"] < after["precision"] < after["upper95"]


def report(get):
    kinds = get("/v1/farms/barn/alerts/precision", days=3660).json()["kinds"]
    none = dict.fromkeys(("raised", "confirmed", "dismissed", "unjudged"), 0)
    return next((one for one in kinds if one["kind"] == "coverage"), none)

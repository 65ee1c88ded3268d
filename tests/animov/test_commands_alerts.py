"""Alerts on the command line: what goes on unless another state is asked for, in two languages."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from storage.alerting import alerts, findings
from storage.alerting.findings import Finding, Subject
from storage.engine.database import engine_for
from storage.herds import herd

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
        (
            "en",
            [
                "group dairy: stands 90% of the time where 50% was expected",
                "at the time of milking",
                "since Friday 1 May 14:00, found Friday 1 May 16:00\n",
            ],
        ),
        (
            "fr",
            [
                "group dairy: debout 90\u202f% du temps pour 50\u202f% attendus",
                "à l'heure de milking",
                "depuis vendredi 1 mai 14:00, constaté vendredi 1 mai 16:00\n",
            ],
        ),
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


def number_of(ran):
    return json.loads(ran.out)[0]["id"]


def test_an_alert_is_shown_with_who_said_what_of_it(raised):
    alert = number_of(raised("alerts", "list", "--json"))
    assert raised("alerts", "seen", alert).out == f"alert {alert} is seen\n"
    assert raised("alerts", "confirm", alert, "--finding", "gate open").code == 0
    out = raised("alerts", "show", alert, "--lang", "fr").out
    assert all(word in out for word in ("debout 90", "regardez le lot", "confirmed by command line: gate open")), out

    told = json.loads(raised("alerts", "show", alert, "--json").out)
    assert [change["state"] for change in told["changes"]] == ["open", "seen", "confirmed"]


def test_who_judges_says_why(raised):
    alert = number_of(raised("alerts", "list", "--json"))
    assert raised("alerts", "dismiss", alert).code == 2
    assert raised("alerts", "dismiss", alert, "--reason", " ").code == 1
    assert raised("alerts", "dismiss", 10**6, "--reason", "no").err == "animov: there is no alert '1000000'\n"


def test_what_was_said_is_taken_back(raised):
    (alert,) = json.loads(raised("alerts", "list", "--json", "--state", "dismissed").out)
    assert raised("alerts", "reopen", alert["id"]).out == f"alert {alert['id']} is open\n"
    changes = json.loads(raised("alerts", "show", alert["id"], "--json").out)["changes"]
    assert [(one["state"], one["by_user"], one["note"]) for one in changes[-2:]] == [
        ("dismissed", "ada", "visitors"),
        ("open", "command line", ""),
    ]
    again = raised("alerts", "reopen", alert["id"])
    assert (again.code, again.err) == (1, f"animov: nobody has judged alert {alert['id']}\n")
    assert raised("alerts", "reopen", 10**6).err == "animov: there is no alert '1000000'\n"


def test_precision_counts_what_was_judged(raised, database_url):
    told = json.loads(raised("alerts", "precision", "--farm", "hill", "--days", 36_500, "--json").out)
    (kind,) = told["kinds"]
    counts = {"kind": "deviation", "raised": 1, "confirmed": 0, "dismissed": 1, "unjudged": 0, "precision": 0.0}
    assert counts.items() <= kind.items()
    assert kind["dismissed_per_100_animals_and_week"] is None

    out = raised("alerts", "precision", "--farm", "barn", "--days", 36_500).out
    assert "not judged yet" in out
    assert raised("alerts", "precision", "--farm", "barn", "--days", 1).out == "no alerts in these days\n"


def test_a_farm_says_how_it_is_told(raised):
    assert raised("alerts", "notify", "show", "barn").out == (
        "language fr; quiet hours none; digest 07:00\nnobody is told; animov alerts notify add barn ADDRESS\n"
    )
    words = ("--quiet", "22:00-06:00", "--digest", "none", "--lang", "en", "--critical-anytime")
    said = "language en; quiet hours 22:00 to 06:00, but for critical alerts; digest none\n"
    assert raised("alerts", "notify", "set", "barn", *words).out == said
    assert raised("alerts", "notify", "set", "barn", "--quiet", "none").out == (
        "language en; quiet hours none; digest none\n"
    )


def test_who_is_told_is_added_shown_and_removed(raised):
    added = raised("alerts", "notify", "add", "barn", "ada@example.org")
    assert "ANIMOV_SMTP_URL" in added.err
    hooked = raised("alerts", "notify", "add", "barn", "https://example.org/hook")
    assert "secret whsec_" in hooked.out
    shown = raised("alerts", "notify", "show", "barn", "--json")
    assert [told["address"] for told in json.loads(shown.out)["told"]] == [
        "ada@example.org",
        "https://example.org/hook",
    ]
    assert "whsec_" not in shown.out
    again = raised("alerts", "notify", "add", "barn", "ada@example.org")
    assert (again.code, again.err) == (1, "animov: ada@example.org is told already\n")

    assert raised("alerts", "notify", "remove", "barn", "ada@example.org").code == 0
    assert "ada@example.org" not in raised("alerts", "notify", "show", "barn").out
    assert raised("alerts", "notify", "remove", "barn", "ada@example.org").code == 1


@pytest.mark.parametrize(
    "words",
    [["set", "barn", "--quiet", "22"], ["set", "barn", "--quiet", "06:00-06:00"], ["set", "barn", "--digest", "25:00"],
     ["add", "barn", "Ada <ada@example.org>"], ["add", "barn", "ftp://example.org"], ["add", "barn", "http://a:b@c"]],
)  # fmt: skip
def test_what_can_not_be_told_is_wrong_usage(raised, words):
    assert raised("alerts", "notify", *words).code == 2


def test_a_test_message_is_sent_at_once_in_the_language_of_the_farm_and_the_answer_is_told(
    raised, postbox, monkeypatch
):
    monkeypatch.setenv("ANIMOV_SMTP_URL", f"smtp://127.0.0.1:{postbox.port}")
    raised("alerts", "notify", "add", "barn", "ada@example.org")
    raised("alerts", "notify", "set", "barn", "--quiet", "00:00-23:59")

    ran = raised("alerts", "notify", "test", "barn", "ada@example.org")
    postbox.says = {"RCPT": "550 nobody here"}
    refused = raised("alerts", "notify", "test", "barn", "ada@example.org")

    assert (ran.code, ran.out) == (0, "the server of ada@example.org took a test message\n"), ran.err
    (mail,) = postbox.mails
    assert (mail["X-To"], mail["Subject"]) == ("ada@example.org", "[barn] message d'essai")
    assert "les alertes de cette ferme seront annoncées ici" in mail.get_content()
    assert (refused.code, refused.err) == (1, "animov: ada@example.org was not told: 550 nobody here\n")
    assert raised("alerts", "notify", "test", "barn", "eve@example.org").code == 1


def test_who_is_to_be_told_again_must_be_one_who_is_told(raised):
    raised("alerts", "notify", "add", "hill", "ada@example.org")
    assert raised("alerts", "notify", "resend", "hill", "ada@example.org").out == (
        "0 alerts are to be told to ada@example.org\n"
    )
    assert raised("alerts", "notify", "resend", "barn", "ada@example.org").code == 1

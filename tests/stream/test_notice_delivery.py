"""From an alert to the mailbox: when, to whom, in how many messages, through faults of the server and of our own."""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from hmac import digest as hmac_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from bench.waiting import wait_until
from core.clock import NodeClock
from core.notice_addresses import fresh_secret
from core.readings import CollarName
from core.settings import Settings
from storage.alerting import alerts, findings, notice_channels, notifications
from storage.alerting.findings import Finding, Subject
from storage.alerting.notice_channels import Rule
from storage.engine import clocks
from storage.engine.database import engine_for
from storage.herds import herd
from stream.notifying.deciding import SETTLING
from stream.notifying.delivery import attempt, deliver
from stream.notifying.jobs import sender, tell

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)  # 14:00 in Paris
HOUR = timedelta(hours=1)
SLOT = timedelta(minutes=15)
ADA = "ada@example.org"


class Farm:
    """A farm whose time stands where a test puts it, that of the wall too, and the mails that are sent from it."""

    def __init__(self, engine, postbox):
        self.engine, self.postbox, self.wall_s = engine, postbox, time.time() + 3600
        server = f"smtp://127.0.0.1:{postbox.port}"
        self.settings = Settings(smtp_url=server, smtp_sender="node@example.org", webhook_networks="127.0.0.1")
        with engine.begin() as connection:
            self.id = herd.ensure_farm(connection, "barn", time_zone="Europe/Paris")
            self.channel = notice_channels.add_channel(connection, self.id, "mail", ADA)
        self.at(NOON)

    def wall(self):
        return self.wall_s

    def at(self, now):
        with self.engine.begin() as connection:
            clocks.write(connection, NodeClock(ceiling=now.timestamp()))
        self.now = now

    def rule(self, **changes):
        with self.engine.begin() as connection:
            notice_channels.set_rule(connection, self.id, replace(Rule(), **changes))

    def raised(self, name="tag-1", kind="collar_silent", severity="warning", **changes):
        found = Finding(
            subject=Subject(),
            since=self.now - HOUR,
            opened_at=self.now,
            last_evidence_at=self.now,
            until=None,
            ended_by="",
            severity=severity,
            evidence={},
            expected={},
            causes=[],
        )
        with self.engine.begin() as connection:
            collar = herd.ensure_collar(connection, CollarName("barn", name))
            made = replace(found, subject=Subject(collar_id=collar), **changes)
            return findings.add(connection, self.id, kind, made)

    def ended(self, alert, why="inside"):
        with self.engine.begin() as connection:
            findings.end(connection, alert, why, at=self.now)

    def judged(self, alert, judgement):
        with self.engine.begin() as connection:
            alerts.judge(connection, alert, judgement, by="ada", at=self.now, note="seen to")

    def look(self):
        """Do what the node does each second; return the subjects of what has arrived since."""
        before = len(self.postbox.mails)
        send = sender(self.settings, self.wall)
        while any(deliver(self.engine, channel, send, self.wall) for channel in self.due()):
            pass
        return [mail["Subject"] for mail in self.postbox.mails[before:]]

    def due(self):
        with self.engine.connect() as connection:
            return [one.channel_id for one in notifications.due(connection, datetime.fromtimestamp(self.wall(), UTC))]

    def body(self, number):
        return self.postbox.mails[number].get_content().replace("\r\n", "\n")

    def state(self):
        with self.engine.connect() as connection:
            return notice_channels.channel(connection, self.channel), notifications.counts(connection, self.channel)


@pytest.fixture
def farm(engine, postbox):
    return Farm(engine, postbox)


def test_a_silent_collar_sends_one_french_mail_and_its_end_another(farm):
    alert = farm.raised()
    assert farm.look() == ["[barn] Collier tag-1 : collier muet"]
    assert farm.look() == []
    farm.at(NOON + HOUR)
    farm.ended(alert)
    assert farm.look() == ["[barn] terminé : Collier tag-1 : collier muet"]
    farm.at(NOON + 2 * HOUR)
    assert farm.look() == []

    body = farm.body(0)
    for said in (
        "Ferme barn, le 01/05/2026 14:00",
        "Depuis vendredi 1 mai 13:00, constaté vendredi 1 mai 14:00",
        "À vérifier : l'animal est-il là",
        f"seen {alert}",
    ):
        assert said in body


def test_alerts_of_a_moment_go_into_one_mail_the_worst_first(farm):
    farm.raised("tag-1")
    farm.raised("tag-2")
    farm.raised("tag-3", kind="motionless", severity="critical")
    assert farm.look() == ["[barn] 3 alertes : collier muet (2), immobile"]
    body = farm.body(0)
    assert body.index("tag-3") < body.index("tag-1") < body.index("tag-2")


def test_what_has_just_come_waits_for_the_rest_of_its_kind(farm):
    farm.raised()
    with farm.engine.connect() as connection:
        ((*_, came),) = notifications.waiting(connection, farm.channel)
    farm.wall_s = came.timestamp() + SETTLING.total_seconds() - 0.1
    assert farm.look() == []
    farm.wall_s += 0.2
    assert len(farm.look()) == 1


def test_one_mail_a_slot_unless_it_is_critical(farm):
    farm.raised("tag-1")
    assert len(farm.look()) == 1
    farm.raised("tag-2")
    assert farm.look() == []
    farm.raised("tag-3", severity="critical")
    assert farm.look() == ["[barn] 2 alertes : collier muet (2)"]
    farm.raised("tag-4")
    assert farm.look() == []
    farm.at(NOON + SLOT)
    assert len(farm.look()) == 1


@pytest.mark.parametrize(
    ("before_the_end", "end"),
    [
        (datetime(2026, 5, 2, 3, 59, 59, tzinfo=UTC), datetime(2026, 5, 2, 4, tzinfo=UTC)),
        (
            datetime(2026, 3, 29, 3, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 29, 4, tzinfo=UTC),
        ),
        (datetime(2026, 10, 25, 4, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),
    ],
)
def test_the_night_is_quiet_and_its_end_tells_all_at_once(farm, before_the_end, end):
    farm.rule(quiet_from=clock_time(22), quiet_until=clock_time(6))
    farm.at(end - 7 * HOUR)
    farm.raised("tag-1")
    farm.raised("tag-2", severity="critical")
    assert farm.look() == []
    farm.at(before_the_end)
    farm.raised("tag-3")
    assert farm.look() == []
    farm.at(end)
    assert farm.look() == ["[barn] 3 alertes : collier muet (3)"]


def test_a_farm_may_let_critical_alerts_break_the_quiet(farm):
    farm.rule(quiet_from=clock_time(13), quiet_until=clock_time(16), critical_anytime=True)
    farm.raised("tag-1")
    assert farm.look() == []
    farm.raised("tag-2", kind="motionless", severity="critical")
    assert farm.look() == ["[barn] Collier tag-2 : immobile"]
    farm.at(NOON + 2 * HOUR)
    assert farm.look() == ["[barn] Collier tag-1 : collier muet"]


@pytest.mark.parametrize(("severity", "woken"), [("warning", 0), ("critical", 1)])
def test_a_mail_that_may_have_come_comes_again_by_night_only_if_it_is_critical(farm, severity, woken):
    farm.rule(quiet_from=clock_time(15), quiet_until=clock_time(17), critical_anytime=True)
    farm.raised(severity=severity)
    farm.postbox.says = {"END": None}
    assert len(farm.look()) == 1
    farm.postbox.says = {}
    farm.at(NOON + 2 * HOUR)
    farm.wall_s += 16
    assert len(farm.look()) == woken
    farm.at(NOON + 3 * HOUR)
    assert len(farm.look()) == 1 - woken
    assert len({mail["Message-ID"] for mail in farm.postbox.mails}) == 1


@pytest.mark.parametrize("judgement", ["seen", "dismissed", "confirmed"])
@pytest.mark.parametrize("ends", [True, False])
def test_what_was_judged_before_is_not_told(farm, judgement, ends):
    alert = farm.raised()
    farm.judged(alert, judgement)
    if ends:
        farm.ended(alert)
    assert farm.look() == []
    assert farm.state()[1].waiting == 0


def test_who_has_seen_an_alert_is_told_that_it_is_over_and_who_judged_it_is_not(farm):
    alerts_ = [farm.raised(name) for name in ("tag-1", "tag-2")]
    farm.look()
    farm.at(NOON + HOUR)
    farm.judged(alerts_[0], "seen")
    farm.judged(alerts_[1], "dismissed")
    for alert in alerts_:
        farm.ended(alert)
    assert farm.look() == ["[barn] terminé : Collier tag-1 : collier muet"]


def test_what_is_over_before_it_is_told_is_told_once_and_what_was_undone_never(farm):
    farm.ended(farm.raised("tag-1"))
    farm.ended(farm.raised("tag-2"), "undone")
    assert farm.look() == ["[barn] terminé : Collier tag-1 : collier muet"]
    assert "Depuis vendredi 1 mai 13:00, constaté vendredi 1 mai 14:00, terminé vendredi 1 mai 14:00" in farm.body(0)
    assert farm.look() == []


def test_what_was_over_for_a_day_when_it_was_found_is_not_told(farm):
    farm.raised(since=NOON - 72 * HOUR, opened_at=NOON - 70 * HOUR, until=NOON - 25 * HOUR, ended_by="inside")
    assert (farm.look(), farm.state()[1].waiting) == ([], 0)


def test_what_is_for_information_waits_for_the_digest_which_reminds_of_the_rest(farm):
    farm.raised("tag-1")
    battery = farm.raised("tag-2", kind="battery", severity="info")
    assert farm.look() == ["[barn] Collier tag-1 : collier muet"]
    morning = datetime(2026, 5, 2, 5, tzinfo=UTC)  # 7:00 in Paris
    farm.at(morning - timedelta(seconds=1))
    assert farm.look() == []
    farm.at(morning + HOUR)
    assert farm.look() == ["[barn] résumé du 02/05/2026 : batterie faible"]
    since = "depuis vendredi 1 mai 13:00, constaté vendredi 1 mai 14:00"
    assert f"Toujours en cours :\n  Collier tag-1 : collier muet ({since})" in farm.body(1)
    farm.at(morning + 24 * HOUR)
    assert farm.look() == []
    farm.ended(battery)
    assert farm.look() == []
    farm.at(morning + 48 * HOUR)
    assert farm.look() == ["[barn] résumé du 04/05/2026 : batterie faible"]


def test_a_farm_without_a_digest_is_not_told_what_is_for_information(farm):
    farm.rule(digest_at=None)
    farm.raised(severity="info")
    farm.at(NOON + 48 * HOUR)
    assert (farm.look(), farm.state()[1].waiting) == ([], 0)


def test_a_farm_may_be_told_in_english(farm):
    farm.rule(language="en")
    farm.raised()
    assert farm.look() == ["[barn] Collar tag-1: collar silent"]


def test_the_animal_that_wears_the_collar_is_named(farm):
    with farm.engine.begin() as connection:
        collar = herd.ensure_collar(connection, CollarName("barn", "tag-1"))
        herd.assign(connection, collar, herd.ensure_animal(connection, farm.id, "Brune"))
    farm.raised()
    assert farm.look() == ["[barn] Collier tag-1 (Brune) : collier muet"]


def test_a_server_that_was_away_is_told_all_that_is_still_true_in_one_mail(farm):
    farm.postbox.close()
    alerts_ = [farm.raised(name) for name in ("tag-1", "tag-2", "tag-3")]
    assert farm.look() == []
    channel, counts = farm.state()
    assert (channel.failures, counts.waiting, counts.sent) == (1, 3, 0)
    assert "refused" in channel.error

    farm.at(NOON + 30 * HOUR)
    farm.judged(alerts_[0], "seen")
    farm.ended(alerts_[1])
    farm.postbox.open()
    assert farm.look() == []  # not before its time
    farm.wall_s += 16
    assert farm.look() == ["[barn] 2 alertes : collier muet (2)"]
    assert farm.state()[0].failures == 0
    assert farm.look() == []


def test_the_waits_between_attempts_grow_to_half_an_hour(farm):
    farm.postbox.close()
    farm.raised()
    waits = []
    for _ in range(10):
        farm.look()
        retry_at = farm.state()[0].retry_at
        waits.append(retry_at.timestamp() - farm.wall())
        farm.wall_s += waits[-1] + 1
    assert waits == pytest.approx([15, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800], abs=0.001)


def test_an_answer_that_was_lost_brings_the_same_mail_again_whatever_has_happened_since(farm):
    alert = farm.raised("tag-1")
    farm.postbox.says = {"END": None}
    assert len(farm.look()) == 1
    farm.postbox.says = {}
    farm.raised("tag-2")
    farm.judged(alert, "seen")
    farm.wall_s += 16
    subjects = farm.look()

    first, again = farm.postbox.mails[:2]
    assert (first["Message-ID"], first.get_content()) == (again["Message-ID"], again.get_content())
    assert subjects == ["[barn] Collier tag-1 : collier muet"]
    farm.at(NOON + SLOT)
    assert farm.look() == ["[barn] Collier tag-2 : collier muet"]


def test_a_crash_between_the_servers_answer_and_ours_to_the_database_is_one_mail_for_its_reader(farm):
    farm.raised()
    send = sender(farm.settings, farm.wall)

    def send_and_die(channel, message):
        assert send(channel, message).end == "taken"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(farm.engine, farm.channel, send_and_die, farm.wall)
    assert len(farm.look()) == 1
    assert len({mail["Message-ID"] for mail in farm.postbox.mails}) == 1
    assert farm.look() == []


def test_a_crash_before_anything_was_sent_loses_nothing(farm):
    farm.raised()

    def die(channel, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(farm.engine, farm.channel, die, farm.wall)
    assert len(farm.look()) == 1


def test_who_is_unknown_to_the_server_is_shown_and_not_tried_again(farm):
    farm.postbox.says = {"RCPT": "550 nobody here"}
    alert = farm.raised()
    assert farm.look() == []
    farm.postbox.says = {}
    farm.at(NOON + HOUR)
    farm.ended(alert)
    assert farm.look() == []
    _, counts = farm.state()
    assert counts == notifications.Counts(waiting=0, sent=0, refused=1, why="550 nobody here")


def test_two_processes_send_one_mail(farm, database_url):
    farm.raised()
    send, other = sender(farm.settings, farm.wall), engine_for(database_url)
    seconds = []

    def send_while_another_tries(channel, message):
        seconds.append(deliver(other, farm.channel, send, farm.wall))
        return send(channel, message)

    assert deliver(farm.engine, farm.channel, send_while_another_tries, farm.wall)
    other.dispose()
    assert (seconds, len(farm.postbox.mails)) == ([False], 1)


def test_our_own_mistake_is_kept_and_holds_up_nobody(farm):
    farm.raised()
    attempt(farm.engine, farm.channel, lambda *_: 1 / 0, farm.wall)
    channel, _ = farm.state()
    assert (channel.error, channel.failures) == ("ZeroDivisionError: division by zero", 1)


def test_who_is_added_later_is_told_of_what_begins_then(farm):
    alert = farm.raised()
    with farm.engine.begin() as connection:
        notice_channels.add_channel(connection, farm.id, "mail", "bea@example.org")
    farm.look()
    farm.at(NOON + HOUR)
    farm.ended(alert)
    farm.raised("tag-2")
    farm.look()
    told = [(mail["To"], mail["Subject"]) for mail in farm.postbox.mails]
    assert sorted(told) == [
        (ADA, "[barn] 2 alertes : collier muet (2)"),
        (ADA, "[barn] Collier tag-1 : collier muet"),
        ("bea@example.org", "[barn] Collier tag-2 : collier muet"),
    ]


def test_only_the_farm_s_own_people_are_told(farm):
    with farm.engine.begin() as connection:
        other = herd.ensure_farm(connection, "hill")
        notice_channels.add_channel(connection, other, "mail", "eve@example.org")
    farm.raised()
    farm.look()
    assert [mail["To"] for mail in farm.postbox.mails] == [ADA]


@pytest.fixture
def receiver():
    """A webhook's server; `says` are the answers to come, `heard` the calls with their headers."""
    told = SimpleNamespace(says=[], heard=[], url="")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append((self.headers, body))
            answer = told.says.pop(0) if told.says else 204
            if answer is not None:
                self.send_response(answer)
                self.send_header("Location", told.url)
                self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/alerts"
        Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield told
        server.shutdown()


@pytest.fixture
def hooked(farm, receiver):
    """A farm that tells a webhook and nobody else; its secret beside it."""
    farm.secret = fresh_secret()
    with farm.engine.begin() as connection:
        notice_channels.remove_channel(connection, farm.id, ADA)
        farm.channel = notice_channels.add_channel(connection, farm.id, "webhook", receiver.url, farm.secret)
    return farm


def test_a_webhook_is_called_with_the_alert_signed(hooked, receiver):
    alert = hooked.raised()
    hooked.look()
    ((headers, body),) = receiver.heard
    told = json.loads(body)

    assert (told["type"], told["farm"], [one["id"] for one in told["alerts"]]) == ("alerts", "barn", [alert])
    assert {"event": "opened", "kind": "collar_silent", "about_name": "tag-1", "text": "collier muet"}.items() <= told[
        "alerts"
    ][0].items()
    assert told["alerts"][0]["when"] == "depuis vendredi 1 mai 13:00, constaté vendredi 1 mai 14:00"
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    key = b64decode(hooked.secret.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + b64encode(hmac_digest(key, signed, "sha256")).decode()
    assert abs(int(headers["webhook-timestamp"]) - hooked.wall()) < 60


@pytest.mark.parametrize("answer", [500, 502, None])
def test_a_call_of_which_the_end_is_unknown_comes_again_under_the_same_id(hooked, receiver, answer):
    receiver.says = [answer]
    hooked.raised()
    hooked.look()
    hooked.wall_s += 16
    hooked.look()
    (first, _), (again, _) = receiver.heard
    assert first["webhook-id"] == again["webhook-id"]
    assert hooked.state()[1][:3] == (0, 1, 0)


@pytest.mark.parametrize("answer", [302, 401, 404, 429, 503])
def test_a_call_that_was_turned_away_is_made_anew(hooked, receiver, answer):
    receiver.says = [answer]
    hooked.raised()
    hooked.look()
    assert hooked.state()[1][:3] == (1, 0, 0)
    hooked.wall_s += 16
    hooked.look()
    assert (len(receiver.heard), hooked.state()[1][:3]) == (2, (0, 1, 0))


def test_what_is_no_place_of_the_public_internet_is_called_once_whoever_runs_the_node_allows_it(hooked, receiver):
    allowing = hooked.settings
    hooked.settings = Settings()
    hooked.raised()
    hooked.look()
    channel, counts = hooked.state()
    assert (receiver.heard, counts.waiting) == ([], 1)
    assert "ANIMOV_WEBHOOK_NETWORKS" in channel.error

    hooked.settings = allowing
    hooked.wall_s += 16
    hooked.look()
    assert (len(receiver.heard), hooked.state()[1].waiting) == (1, 0)


def test_a_receiver_that_is_gone_is_not_called_again(hooked, receiver):
    receiver.says = [410]
    hooked.raised()
    hooked.look()
    hooked.wall_s += 3600
    hooked.look()
    assert (len(receiver.heard), hooked.state()[1].refused) == (1, 1)


def test_nobody_reads_a_secret_through_the_api(database_url, engine):
    with engine.connect() as connection:
        query = "SELECT has_column_privilege('animov_api', 'notice_channel', 'secret', 'SELECT')"
        assert not connection.execute(text(query)).scalar_one()


async def test_the_node_sends_what_comes_while_it_runs_and_tries_at_once_what_had_failed_before(farm):
    farm.postbox.close()
    farm.raised("tag-1")
    farm.look()
    farm.postbox.open()
    telling = asyncio.create_task(tell(farm.engine, farm.settings, farm.wall))
    await asyncio.to_thread(arrived, farm.postbox, 1)
    await asyncio.to_thread(farm.raised, "tag-2", severity="critical")
    await asyncio.to_thread(wait_until, lambda: farm.state()[1].sent == 2)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)

    subjects = [mail["Subject"] for mail in farm.postbox.mails]
    assert subjects == [f"[barn] Collier tag-{number} : collier muet" for number in (1, 2)]


async def test_what_waits_for_the_digest_is_looked_at_once_and_hides_nothing_that_comes(farm, monkeypatch):
    tried, looks = [], []
    monkeypatch.setattr("stream.notifying.jobs.LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("stream.notifying.jobs.attempt", lambda *how: tried.append(attempt(*how)) or tried[-1])
    due = notifications.due
    monkeypatch.setattr(notifications, "due", lambda *how: looks.append(how) or due(*how))
    farm.raised("tag-1", severity="info")
    telling = asyncio.create_task(tell(farm.engine, farm.settings, farm.wall))
    await asyncio.to_thread(wait_until, lambda: tried)
    before = len(looks)
    await asyncio.to_thread(wait_until, lambda: len(looks) > before + 20)
    assert len(tried) == 1
    await asyncio.to_thread(farm.raised, "tag-2")
    await asyncio.to_thread(arrived, farm.postbox, 1)
    await asyncio.to_thread(farm.at, datetime(2026, 5, 2, 5, tzinfo=UTC))
    await asyncio.to_thread(wait_until, lambda: farm.state()[1].sent == 2)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)

    subjects = [mail["Subject"] for mail in farm.postbox.mails]
    assert subjects == ["[barn] Collier tag-2 : collier muet", "[barn] résumé du 02/05/2026 : collier muet"]


def test_what_was_refused_is_told_again_when_somebody_asks(farm):
    farm.postbox.says = {"RCPT": "550 nobody here"}
    farm.raised()
    farm.look()
    farm.postbox.says = {}
    with farm.engine.begin() as connection:
        assert notifications.tell_again(connection, farm.channel) == 1
    assert farm.look() == ["[barn] Collier tag-1 : collier muet"]
    with farm.engine.begin() as connection:
        assert notifications.tell_again(connection, farm.channel) == 0
    assert farm.state()[1] == notifications.Counts(waiting=0, sent=1, refused=0, why="")


def arrived(postbox, number):
    with postbox.changed:
        assert postbox.changed.wait_for(lambda: len(postbox.mails) >= number, timeout=60)

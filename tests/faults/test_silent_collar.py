"""A collar that falls silent, on a whole node: one French mail, none in quiet hours, one when it is heard again.

`animov up` as it is, a real mail server that goes away meanwhile, postures by MQTT. The node's clock stands where the
test puts it, so that hours pass in a step.
"""

import json
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from core.clock import NodeClock
from core.readings import CollarName
from core.timeline import floor_slot
from ingest.publisher import Publisher
from storage.alerting import notice_channels
from storage.alerting.notice_channels import Rule
from storage.engine import clocks
from storage.herds import herd

HOUR = timedelta(hours=1)
GRACE = timedelta(seconds=61)
PARIS = ZoneInfo("Europe/Paris")
COLLARS = ("tag-0", "tag-1", "tag-2", "tag-3")
REST = COLLARS[1:]
SILENT = "[barn] Collier tag-0 (Brune) : collier muet"
HEARD = "[barn] terminé : Collier tag-0 (Brune) : collier muet"
LOOKED = """SELECT NOT EXISTS (SELECT FROM procrastinate_jobs
  WHERE task_name = 'stream.watch' AND status IN ('todo', 'doing'))"""


class Barn(NamedTuple):
    """A farm on a node, and the mails that are sent of it."""

    engine: object
    publisher: Publisher
    farm_id: int
    postbox: object
    wait: object

    def live(self, collars, start, end):
        """Let some collars tell of a span, and the node's time come to its end; it has looked at all spans before."""
        for collar in collars:
            told = {"t0": start.isoformat(), "t1": end.isoformat(), "posture": "standing"}
            self.publisher.publish(f"animov/v1/barn/{collar}/posture", json.dumps(told).encode())
        self.publisher.drain()
        self.stand_at(end)
        self.wait(lambda: self.asked("SELECT max(slot) FROM forecast_cycle") == end)

    def stand_at(self, slot):
        at = (slot + GRACE).timestamp()
        with self.engine.begin() as connection:
            clocks.write(connection, NodeClock(0, at, 1, at))

    def asked(self, query):
        with self.engine.connect() as connection:
            return connection.execute(text(query)).scalar()

    def wait_for_mails(self, count):
        self.wait(lambda: len(self.postbox.mails) >= count, 180)  # the longer it was away, the later it is asked again
        return [mail["Subject"] for mail in self.postbox.mails]


@pytest.fixture
def barn(up, wait, postbox, tmp_path, monkeypatch):
    """A farm of four goats that somebody is told of by mail."""
    monkeypatch.setenv("ANIMOV_SMTP_URL", f"smtp://127.0.0.1:{postbox.port}")
    monkeypatch.setenv("ANIMOV_FUTURE_LIMIT", "PT12H")  # what happens in a step is told before the step is made
    with up(tmp_path / "node") as node:
        with node.engine.begin() as connection:
            farm_id = herd.ensure_farm(connection, "barn", time_zone="Europe/Paris")
            for collar, name in zip(COLLARS, ("Brune", "Noire", "Grise", "Blanche"), strict=True):
                animal = herd.ensure_animal(connection, farm_id, name)
                herd.assign(connection, herd.ensure_collar(connection, CollarName("barn", collar)), animal)
            notice_channels.add_channel(connection, farm_id, "mail", "ada@example.org")
        with Publisher(f"mqtt://127.0.0.1:{node.port}", "test") as publisher:
            yield Barn(node.engine, publisher, farm_id, postbox, wait)
        assert node.end() == 0


@pytest.mark.timeout(600)  # for a machine that has much else to do
def test_a_collar_that_falls_silent_sends_one_french_mail_and_one_when_it_is_heard_again(barn):
    with barn.engine.connect() as connection:
        now = floor_slot(clocks.read(connection).now()) + 3 * HOUR
    barn.live(COLLARS, now - 2 * HOUR, now - HOUR)
    barn.live(COLLARS, now - HOUR, now)
    barn.wait(lambda: barn.asked(LOOKED))  # a node misses nobody before it has listened for long enough
    barn.postbox.close()
    barn.live(REST, now, now + HOUR)
    barn.wait(lambda: barn.asked("SELECT failures > 0 FROM notice_channel"))
    barn.live(REST, now + HOUR, now + 2 * HOUR)
    barn.postbox.open()

    assert barn.wait_for_mails(1) == [SILENT]
    assert "rien reçu pendant" in barn.postbox.mails[0].get_content()

    barn.live(COLLARS, now + 2 * HOUR, now + 3 * HOUR)

    assert barn.wait_for_mails(2)[1:] == [HEARD]

    quiet = [(now + hours * HOUR).astimezone(PARIS).time() for hours in (3, 6)]
    with barn.engine.begin() as connection:
        notice_channels.set_rule(connection, barn.farm_id, Rule(quiet_from=quiet[0], quiet_until=quiet[1]))
    barn.live(REST, now + 3 * HOUR, now + 4 * HOUR)
    barn.wait(lambda: barn.asked("SELECT count(*) = 2 FROM alert"))
    waited = (
        "SELECT settled = '' AND clock_timestamp() - made_at > interval '8 s' FROM notice ORDER BY made_at DESC LIMIT 1"
    )
    barn.wait(lambda: barn.asked(waited))
    barn.live(REST, now + 4 * HOUR, now + 5 * HOUR)
    assert len(barn.postbox.mails) == 2
    barn.live(REST, now + 5 * HOUR, now + 6 * HOUR)

    assert barn.wait_for_mails(3)[2:] == [SILENT]

    barn.live(COLLARS, now + 6 * HOUR, now + 7 * HOUR)

    assert barn.wait_for_mails(4)[3:] == [HEARD]
    assert barn.asked("SELECT count(*) FROM alert") == 2

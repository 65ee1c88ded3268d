"""Whatever people, data, time, server and crashes do in whatever order: each beginning and each end is told once."""

import json
from datetime import UTC, datetime, time, timedelta
from itertools import count

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.clock import NodeClock
from core.notice_addresses import fresh_secret
from core.readings import CollarName
from storage.alerting import alerts, findings, notice_channels, notifications
from storage.alerting.findings import Finding, Subject
from storage.alerting.notice_channels import Rule
from storage.engine import clocks
from storage.herds import herd
from stream.notifying.delivery import _held_until, deliver
from stream.notifying.outcome import TAKEN, Outcome

NIGHT = datetime(2026, 10, 24, 19, tzinfo=UTC)  # 21:00 in Paris, and clocks go back
QUARTER = timedelta(minutes=15)
FARMS = count()

NAMES = ("tag-1", "tag-2")
STEPS = st.one_of(
    st.tuples(st.sampled_from(["raise", "end", "undo", "reopen", "see", "dismiss"]), st.sampled_from(NAMES)),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 30])),
    st.tuples(st.just("send"), st.sampled_from(["taken", "not_taken", "unclear", "lost", "refused", "crash"])),
)


class World:
    """A farm, what its reader has got, and what was the case when each message left."""

    def __init__(self, engine):
        self.engine, self.now, self.wall_s = engine, NIGHT, 0.0
        self.name = f"farm-{next(FARMS)}"
        self.going_on, self.judged, self.read, self.faults, self.held = {}, set(), {}, [], None
        with engine.begin() as connection:
            self.farm = herd.ensure_farm(connection, self.name, time_zone="Europe/Paris")
            self.channel = notice_channels.add_channel(
                connection, self.farm, "webhook", f"http://{self.name}", fresh_secret()
            )
            rule = Rule(quiet_from=time(22), quiet_until=time(6))
            notice_channels.set_rule(connection, self.farm, rule)
        self.set_clock()

    def set_clock(self):
        with self.engine.begin() as connection:
            clocks.write(connection, NodeClock(ceiling=self.now.timestamp()))

    def wall(self):
        return datetime.now(UTC).timestamp() + 60 + self.wall_s

    def found(self, collar, **changes):
        return Finding(
            **{
                "subject": Subject(collar_id=collar),
                "since": NIGHT,
                "opened_at": self.now,
                "last_evidence_at": self.now,
                "until": None,
                "ended_by": "",
                "severity": "warning",
                "evidence": {},
                "expected": {},
                "causes": [],
            }
            | changes
        )

    def do(self, what, detail):
        if what == "wait":
            self.now += detail * QUARTER
            self.wall_s += detail * 900
            self.set_clock()
        elif what == "send":
            self.send(detail)
        else:
            self.change(what, detail)

    def change(self, what, name):
        with self.engine.begin() as connection:
            collar = herd.ensure_collar(connection, CollarName(self.name, name))
            alert = self.going_on.get(name)
            if what == "raise":
                self.going_on[name] = findings.add(connection, self.farm, "lag", self.found(collar)) or alert
            elif alert is not None and what in {"end", "undo"}:
                why = "inside" if what == "end" else "undone"
                findings.end(connection, alert, why, at=self.now)
            elif alert is not None and what == "reopen":
                findings.amend(connection, alert, self.found(collar), at=self.now)
            elif alert is not None and not (what == "see" and alert in self.judged):
                judgement = "seen" if what == "see" else "dismissed"
                alerts.judge(connection, alert, judgement, by="ada", at=self.now, note="nothing")
                if what == "dismiss":
                    self.judged.add(alert)

    def send(self, end):
        def attempt(_, message):
            if end in {"taken", "lost", "crash"}:
                self.take(message)
            if end == "crash":
                raise KeyboardInterrupt
            return TAKEN if end == "taken" else Outcome("unclear" if end == "lost" else end, "so it is")

        with self.engine.connect() as connection:
            waiting = notifications.due(connection, datetime.fromtimestamp(self.wall(), UTC))
        for one in waiting:
            if one.channel_id == self.channel:
                self.attempt(one.of, attempt, crashes=end == "crash")

    def attempt(self, of, send, *, crashes):
        """Attempt to send; what is held is attempted too, and nothing may come of it."""
        is_held = self.held is not None and self.held[0] == of and self.now < self.held[1]
        try:
            sent = deliver(self.engine, self.channel, send, self.wall)
            self.faults += ["held back"] * (is_held and sent)
            until = None if sent else _held_until(self.engine, self.channel, self.wall)
            self.held = None if until is None else (of, until)
        except KeyboardInterrupt:
            assert crashes

    def take(self, message):
        """Read as people do: a message that is there already is that one."""
        local = self.now.astimezone(UTC)
        quiet = NIGHT + timedelta(hours=1) <= local < datetime(2026, 10, 25, 5, tzinfo=UTC)
        self.faults += ["woke"] * quiet
        known = self.read.setdefault(message.key, message.body)
        self.faults += ["changed"] * (known != message.body)

    def told(self):
        """How often each beginning and each end was told."""
        counts = {}
        for body in self.read.values():
            for alert in json.loads(body)["alerts"]:
                for event in ("opened", "ended") if alert["event"] == "both" else (alert["event"],):
                    counts[alert["id"], event] = counts.get((alert["id"], event), 0) + 1
        return counts


@given(steps=st.lists(STEPS, min_size=5, max_size=25))
@settings(max_examples=25)
def test_each_beginning_and_each_end_is_told_at_most_once_and_never_by_night(engine, steps):
    world = World(engine)
    for step in steps:
        world.do(*step)
    told = world.told()

    assert world.faults == []
    assert set(told.values()) <= {1}
    assert {alert for alert, event in told if event == "ended"} <= {alert for alert, event in told if event == "opened"}


@given(steps=st.lists(STEPS, min_size=5, max_size=20))
@example(steps=[("raise", "tag-2"), ("wait", 1), ("undo", "tag-2"), ("send", "taken"), ("reopen", "tag-2")])
@settings(max_examples=25)
def test_in_the_end_nothing_waits_and_all_that_nobody_judged_and_no_server_refused_was_told(engine, steps):
    world = World(engine)
    for step in steps:
        if step[1] != "refused":
            world.do(*step)
    for _ in range(4):  # long enough for any wait, by day
        world.do("wait", 30)
        world.do("send", "taken")
    with engine.connect() as connection:
        found = alerts.alerts(connection, world.farm, limit=100)
        waiting = {one.alert_id for one in notifications.waiting(connection, world.channel) if one.until is not None}

    told = world.told()
    untold = {alert.id for alert in found if alert.state == "open" and (alert.id, "opened") not in told}
    assert (untold, waiting) == (set(), set())

"""What is told now, what never, and what waits: a function of the outbox, the farm's rule and the time.

An alert is told when it begins and when it ends, each once. Who has heard of it already (seen, dismissed, confirmed)
is not told that it began. One that is over before its beginning is told is told once, as over; if later data undid it,
it is not told at all. What is for information waits for the digest of the day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from core.timeline import BUCKET, floor_slot
from storage.alerting.notice_channels import Rule
from storage.alerting.notifications import Event, Unsent, Waiting
from stream.notifying.hours import last_digest, next_digest, quiet_until

SETTLING: Final = timedelta(seconds=5)
"""Of the wall: alerts of one cause come within seconds, from several jobs, and go into one message."""

What = Literal["opened", "ended", "both"]

EVENTS: Final[dict[What, tuple[Event, ...]]] = {
    "opened": ("opened",),
    "ended": ("ended",),
    "both": ("opened", "ended"),
}


class Decision(NamedTuple):
    """What is to be done for a channel.

    Attributes:
        dropped: Alerts of which nothing is said, by why.
        told: Alerts that go into one message, and of each what is told; empty if there is none to write now.
        digest: Whether that message is the digest.
    """

    dropped: dict[Unsent, list[int]]
    told: list[tuple[int, What]]
    digest: bool


class _Ready(NamedTuple):
    one: Waiting
    what: What

    @property
    def critical(self) -> bool:
        return self.one.severity == "critical"


def decide(
    rule: Rule, zone: ZoneInfo, waiting: Sequence[Waiting], *, now: datetime, wall: datetime, sent_at: datetime | None
) -> Decision:
    """Decide what to do with all that waits for a channel.

    Args:
        rule: How its farm wants to be told.
        zone: The farm's time zone.
        waiting: What waits.
        now: On the node's clock.
        wall: The same instant on the wall.
        sent_at: When the channel's last message was written, digests aside, on the node's clock.
    """
    dropped: dict[Unsent, list[int]] = {}
    ready: list[_Ready] = []
    for one in waiting:
        why = _unsent(one, digest=rule.digest_at is not None)
        what = _told(one)
        if why is not None:
            dropped.setdefault(why, []).append(one.alert_id)
        elif what is not None:
            ready.append(_Ready(one, what))
    quiet = quiet_until(rule, zone, now) is not None
    if urgent := _urgent(ready, critical_only=quiet, rule=rule, now=now, wall=wall, sent_at=sent_at):
        return Decision(dropped, _listed(urgent), digest=False)
    due = last_digest(rule, zone, now)
    news = [each for each in ready if due is not None and each.one.severity == "info" and each.one.at < due]
    return Decision(dropped, [] if quiet else _listed(news), digest=True)


def held_until(
    rule: Rule, zone: ZoneInfo, waiting: Sequence[Waiting], *, now: datetime, wall: datetime
) -> datetime | None:
    """Return until when `decide`, which has nothing to tell, will have nothing as long as the same waits.

    On the node's clock; `None` if something has only just come.
    """
    if any(wall - one.made_at < SETTLING for one in waiting):
        return None
    turns = (floor_slot(now) + BUCKET, quiet_until(rule, zone, now), next_digest(rule, zone, now))
    return min(turn for turn in turns if turn is not None)


def _unsent(one: Waiting, *, digest: bool) -> Unsent | None:
    """Return why nothing is said of what waits; `None` if something is, sooner or later."""
    if one.judgement in {"dismissed", "confirmed"} or (one.opened and one.judgement is not None):
        return "judged"
    if one.opened and one.ended_by == "undone":
        return "undone"
    if not one.opened and not one.heard:
        return "unheard"
    return "no_digest" if one.severity == "info" and not digest else None


def _told(one: Waiting) -> What | None:
    """Return what is to be told of an alert; `None` of the end of one that goes on again."""
    if one.opened:
        return "opened" if one.until is None else "both"
    return None if one.until is None else "ended"


def _urgent(
    ready: Sequence[_Ready],
    *,
    critical_only: bool,
    rule: Rule,
    now: datetime,
    wall: datetime,
    sent_at: datetime | None,
) -> list[_Ready]:
    """Return what goes out now on its own: one message a slot, unless something is critical."""
    urgent = [each for each in ready if each.one.severity != "info"]
    if critical_only:
        urgent = [each for each in urgent if each.critical and rule.critical_anytime]
    if not any(wall - each.one.made_at >= SETTLING for each in urgent):
        return []
    told_in_slot = sent_at is not None and floor_slot(sent_at) == floor_slot(now)
    return [] if told_in_slot and not any(each.critical for each in urgent) else urgent


_ORDER: Final = {"critical": 0, "warning": 1, "info": 2}


def _listed(ready: Sequence[_Ready]) -> list[tuple[int, What]]:
    """Return what is told in the order of a message: what goes on before what is over, the worst first."""
    return [(each.one.alert_id, each.what) for each in sorted(ready, key=_place)]


def _place(each: _Ready) -> tuple[bool, int, int]:
    return each.what != "opened", _ORDER[each.one.severity], each.one.alert_id

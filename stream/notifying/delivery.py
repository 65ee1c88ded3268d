"""From the outbox to the channel: decide, write, send, and say how it ended, one channel at a time.

Who sends to a channel holds a lock that goes with its connection, so that any number of processes may try. A message
is committed before it is sent: after a crash, or where the answer was lost, the same message goes again, so that it
is one for its reader. Where nobody can have taken it, it is taken apart, and the next attempt tells what is true then.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.alert_texts import Language
from core.clock import WallClock
from core.logs import get_logger
from storage.alerting import alerts, notice_channels, notifications
from storage.alerting.alerts import Alert
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message, Words
from storage.engine import clocks
from storage.engine.database import Connection, Engine
from storage.engine.faults import TransientFaultError, told_apart
from storage.herds import farms
from storage.herds.farms import Farm
from stream.notifying.deciding import EVENTS, Decision, What, decide, held_until
from stream.notifying.hours import quiet_until
from stream.notifying.messages import MOST_TOLD, Item, call, mail
from stream.notifying.outcome import Outcome, Send, in_a_line

log = get_logger(__name__)

FIRST_RETRY_S: Final = 15.0
LONGEST_RETRY_S: Final = 1800.0


def retry_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row, on the wall: twice as long each, up to half an hour.

    >>> [retry_after(failures).total_seconds() for failures in (1, 2, 3, 20)]
    [15.0, 30.0, 60.0, 1800.0]
    """
    return timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(failures - 1, 10), LONGEST_RETRY_S))


def attempt(engine: Engine, channel_id: int, send: Send, wall_clock: WallClock) -> datetime | None:
    """Deliver to a channel and keep what goes wrong: nothing of one channel's holds up another.

    Returns:
        Until when nothing is to be told, on the node's clock, unless what waits changes; `None` to look again soon.
    """
    try:
        with told_apart():
            if not deliver(engine, channel_id, send, wall_clock):
                return _held_until(engine, channel_id, wall_clock)
    except TransientFaultError as error:
        log.warning("notices.delayed", error=str(error))
    except Exception as error:
        log.exception("notices.failed", channel=channel_id)
        with engine.begin() as connection:
            retry_at = _wall(wall_clock) + timedelta(seconds=LONGEST_RETRY_S)
            notifications.failed(connection, channel_id, f"{type(error).__name__}: {in_a_line(error)}", retry_at)
    return None


def deliver(engine: Engine, channel_id: int, send: Send, wall_clock: WallClock) -> bool:
    """Send what is due to a channel, one message at most; false if there was none, or another process does it."""
    with engine.begin() as holder:
        if not notifications.hold(holder, channel_id):
            return False
        with engine.begin() as connection:
            channel = notice_channels.channel(connection, channel_id)
            message = None if channel is None else _message(connection, channel, wall_clock)
        if channel is None or message is None:
            return False
        outcome = send(channel, message)
        with engine.begin() as connection:
            _keep(connection, channel, message, outcome, lambda: _wall(wall_clock))
    if outcome.why:
        log.warning("notice.not_sent", channel=channel.address, end=outcome.end, why=outcome.why)
    else:
        log.info("notice.sent", channel=channel.address, digest=message.digest)
    return True


def _held_until(engine: Engine, channel_id: int, wall_clock: WallClock) -> datetime | None:
    with engine.begin() as connection:
        channel = notice_channels.channel(connection, channel_id)
        if channel is None:
            return None
        rule, farm = notice_channels.rule_of(connection, channel.farm_id), farms.farm(connection, channel.farm_id)
        waiting, now = notifications.waiting(connection, channel.id), clocks.read(connection).now(wall_clock)
    return held_until(rule, ZoneInfo(farm.time_zone), waiting, now=now, wall=_wall(wall_clock))


def _message(connection: Connection, channel: Channel, wall_clock: WallClock) -> Message | None:
    """Return the message that is to be sent now: one that may have been sent before, or a new one, if it is time."""
    rule, farm = notice_channels.rule_of(connection, channel.farm_id), farms.farm(connection, channel.farm_id)
    now, zone = clocks.read(connection).now(wall_clock), ZoneInfo(farm.time_zone)
    known = notifications.sending(connection, channel.id)
    if known is not None:
        breaks_quiet = rule.critical_anytime and notifications.tells_critical(connection, known.id)
        return known if breaks_quiet or quiet_until(rule, zone, now) is None else None
    wall, waiting = _wall(wall_clock), notifications.waiting(connection, channel.id)
    decision = decide(rule, zone, waiting, now=now, wall=wall, sent_at=channel.sent_at)
    for why, alert_ids in decision.dropped.items():
        notifications.drop(connection, channel.id, alert_ids, why)
    if not decision.told:
        return None
    words = _words(connection, channel, farm, decision, language=rule.language, now=now)
    told = [(alert_id, EVENTS[what]) for alert_id, what in decision.told]
    notifications.write(connection, channel.id, told, words, at=now, wall=wall, digest=decision.digest)
    return notifications.sending(connection, channel.id)


def _words(
    connection: Connection, channel: Channel, farm: Farm, decision: Decision, *, language: Language, now: datetime
) -> Words:
    items = [_item(connection, alerts.alert(connection, alert_id), what) for alert_id, what in decision.told]
    told, going_on = {item.alert.id for item in items}, []
    if decision.digest:
        found = alerts.alerts(connection, farm.id, states=("open", "seen"), limit=MOST_TOLD + len(told))
        going_on = [_item(connection, alert, "opened") for alert in reversed(found) if alert.id not in told]
    form = mail if channel.kind == "mail" else call
    return form(farm, items, going_on, language=language, at=now, digest=decision.digest)


def _item(connection: Connection, alert: Alert, what: What) -> Item:
    return Item(alert, what, notifications.wearer(connection, alert))


def _keep(
    connection: Connection, channel: Channel, message: Message, outcome: Outcome, wall: Callable[[], datetime]
) -> None:
    """Say how an attempt ended."""
    if outcome.end == "taken":
        notifications.sent(connection, message.id)
        return
    if outcome.end == "refused":
        notifications.refused(connection, message.id, outcome.why)
        notifications.failed(connection, channel.id, outcome.why, None)
        return
    if outcome.end == "not_taken":
        notifications.take_apart(connection, message.id)
    notifications.failed(connection, channel.id, outcome.why, wall() + retry_after(channel.failures + 1))


def _wall(wall_clock: WallClock) -> datetime:
    return datetime.fromtimestamp(wall_clock(), UTC)

"""Test messages that somebody asked for: sent at once, whatever the hour, and what their server answered."""

from datetime import UTC, datetime
from uuid import uuid4

from core.clock import WallClock
from core.logs import get_logger
from storage.alerting import notice_channels, notice_settings
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message
from storage.engine import clocks
from storage.engine.database import Connection, Engine
from storage.herds import farms
from stream.notifying.messages import trial
from stream.notifying.outcome import Send

log = get_logger(__name__)


def send_trial(engine: Engine, channel_id: int, send: Send, wall_clock: WallClock) -> None:
    """Send the test message of a channel, if one is still to be sent; no transaction is held meanwhile."""
    with engine.connect() as connection:
        channel = notice_channels.channel(connection, channel_id)
        message = None if channel is None else test_message(connection, channel, wall_clock)
    if channel is None or message is None:
        return
    outcome = send(channel, message)
    error = "" if outcome.end == "taken" else outcome.why
    log.info("notices.tried", channel=channel_id, error=error)
    with engine.begin() as connection:
        notice_settings.end_trial(connection, channel_id, error)


def test_message(connection: Connection, channel: Channel, wall_clock: WallClock) -> Message:
    """Return the message by which somebody sees that messages arrive."""
    language, now = notice_channels.rule_of(connection, channel.farm_id).language, clocks.read(connection).now()
    farm = farms.farm(connection, channel.farm_id)
    words = trial(farm, language=language, at=now, plain=channel.kind == "mail")
    wall = datetime.fromtimestamp(wall_clock(), UTC)
    return Message(0, uuid4(), now, wall, digest=False, subject=words.subject, body=words.body)

"""Tells people of alerts for as long as the node runs.

No job of the queue, whose lanes do one after the other: a mail must leave within seconds also while models are trained
or missed slots made up for, and a server that does not answer must hold up nothing else.
"""

import asyncio
import time
from asyncio import Future
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from core.clock import WallClock
from core.logs import get_logger
from core.mail_server import parse_mail_server
from core.private_networks import parse_allowed
from core.settings import Settings
from storage.alerting import notice_settings, notifications
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Due, Message
from storage.engine import clocks
from storage.engine.database import Engine
from storage.engine.faults import TransientFaultError, told_apart
from stream.notifying.delivery import attempt
from stream.notifying.mail import send_mail
from stream.notifying.outcome import Outcome, Send
from stream.notifying.trials import send_trial
from stream.notifying.webhook import call_webhook

log = get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
"""Wall seconds between two looks at the outbox: one query, and no more as long as what waits is held."""

AT_ONCE: Final = 4
"""Channels that are served at a time; each holds two connections of the engine's fifteen."""


class _Held(NamedTuple):
    """A channel to which nothing is told before an instant of the node's clock, as long as the same waits (`of`)."""

    of: str
    until: datetime


async def tell(engine: Engine, settings: Settings, wall_clock: WallClock = time.time) -> None:
    """Deliver what waits in the outbox as it comes, until cancelled; any number of processes may do so."""
    send, under_way, held = sender(settings, wall_clock), dict[int, "Future[None]"](), dict[int, _Held]()

    def serve(due: Due) -> None:
        until = attempt(engine, due.channel_id, send, wall_clock)
        if until is not None:
            held[due.channel_id] = _Held(due.of, until)

    await asyncio.to_thread(_begin, engine)
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notices")
    try:
        while True:
            under_way = {channel: future for channel, future in under_way.items() if not future.done()}
            now, waiting, trials = await asyncio.to_thread(_due, engine, wall_clock)
            for one in waiting:
                kept = held.get(one.channel_id)
                is_held = kept is not None and kept.of == one.of and now < kept.until
                if one.channel_id not in under_way and not is_held:
                    under_way[one.channel_id] = asyncio.get_running_loop().run_in_executor(pool, serve, one)
            for channel in set(trials) - under_way.keys():
                trial = (engine, channel, send, wall_clock)
                under_way[channel] = asyncio.get_running_loop().run_in_executor(pool, send_trial, *trial)
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def sender(settings: Settings, wall_clock: WallClock) -> Send:
    """Return what makes an attempt on any channel."""
    server = None if settings.smtp_url is None else parse_mail_server(settings.smtp_url.get_secret_value())
    allowed = parse_allowed(settings.webhook_networks)

    def send(channel: Channel, message: Message) -> Outcome:
        if channel.kind == "webhook":
            return call_webhook(channel, message, datetime.fromtimestamp(wall_clock(), UTC), allowed=allowed)
        if server is None:
            return Outcome("not_taken", "no server for mails is set: ANIMOV_SMTP_URL")
        own = server.user if "@" in server.user else f"animov@{server.host}"
        return send_mail(server, settings.smtp_sender or own, channel, message)

    return send


def _begin(engine: Engine) -> None:
    """Try at once what had failed before: whoever begins may have been given another server."""
    with suppress(TransientFaultError), told_apart(), engine.begin() as connection:
        notifications.retry_now(connection)


def _due(engine: Engine, wall_clock: WallClock) -> tuple[datetime, list[Due], list[int]]:
    """Return the time of the node's clock, for whom something waits, and who is to have a test message."""
    wall = datetime.fromtimestamp(wall_clock(), UTC)
    try:
        with told_apart(), engine.connect() as connection:
            due, trials = notifications.due(connection, wall), notice_settings.trials(connection)
            return clocks.read(connection).now(wall_clock), due, trials
    except TransientFaultError as error:
        log.warning("notices.delayed", error=str(error))
        return wall, [], []

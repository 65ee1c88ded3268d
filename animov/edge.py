"""The edge: the MQTT endpoint in front, the flush behind, in one process and one event loop."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from animov.admission import admit_by_password
from animov.lifeline import say_ready
from animov.signals import until_told
from core.clock import WALL, NodeClock
from core.delivery import Decode
from core.errors import SettingsError
from core.logs import get_logger
from core.settings import Settings
from ingest.decoding import make_decoder
from ingest.mqtt import endpoint, shared
from ingest.mqtt.access import Authenticate, anyone
from storage import clocks
from storage.provision import Access
from storage.registry import Registry
from stream.runner import Runner, running

log = get_logger(__name__)

REPORT_S = 60.0
"""Wall seconds between two reports of what came through."""


class FollowedClock:
    """The node's clock as the database last told it."""

    def __init__(self) -> None:
        self.line: NodeClock = WALL

    def set(self, line: NodeClock) -> None:
        """Go on with another line."""
        self.line = line

    def now_ms(self) -> int:
        """Return the node's time in milliseconds since 1970."""
        return self.line.now_ms()


async def run_edge(access: Access, settings: Settings) -> None:
    """Take messages until told to stop; then commit and acknowledge what was read.

    Raises:
        SettingsError: the address is open to others and no collar has a password.
        UnavailableError: the port is taken.
    """
    async with flushing(access, settings) as runner, asyncio.TaskGroup() as tasks:
        clock = FollowedClock()
        following = tasks.create_task(clocks.follow(access.app, clock.set), name="clock")
        async with endpoint.serve(
            settings.host,
            settings.mqtt_port,
            intake=runner.intake,
            now_ms=clock.now_ms,
            authenticate=await who_may_write(access, settings),
            tls=tls_context(settings),
            limits=shared.Limits(max_payload_bytes=settings.max_payload_bytes, inbox_bytes=settings.inbox_bytes),
        ) as listening:
            reporting = tasks.create_task(_report(listening, runner), name="report")
            scheme = "mqtts" if settings.tls_certificate else "mqtt"
            say_ready(mqtt=f"{scheme}://{settings.host}:{listening.port}")
            await until_told()
        following.cancel()
        reporting.cancel()


@asynccontextmanager
async def flushing(access: Access, settings: Settings) -> AsyncIterator[Runner]:
    """Run the flush in the background; at the end everything that was taken in is committed."""
    runner = Runner(access.app, partial(decoder_for, settings), most_keys=settings.flush_keys)
    async with running(runner):
        yield runner


def decoder_for(settings: Settings, registry: Registry) -> Decode:
    """Return the decoder for a registry's devices and the limits of the settings."""
    return make_decoder(future_limit=settings.future_limit, age_limit=settings.age_limit, aliases=registry.aliases.get)


async def who_may_write(access: Access, settings: Settings) -> Authenticate:
    """Let everybody write on loopback; elsewhere each collar on its own topics, by its password."""
    if is_loopback(settings.host):
        return anyone
    authenticate = await admit_by_password(access.app)
    if authenticate is None:
        raise SettingsError(
            f"MQTT would listen on {settings.host}, where others can reach it, and no collar has a password: "
            "run 'animov collar add FARM/COLLAR --password ...' first"
        )
    return authenticate


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the endpoint's certificate, if one is set.

    Raises:
        SettingsError: certificate or key can't be read, or only one of them is set.
    """
    if settings.tls_certificate is None and settings.tls_key is None:
        return None
    if settings.tls_certificate is None or settings.tls_key is None:
        raise SettingsError("ANIMOV_TLS_CERTIFICATE and ANIMOV_TLS_KEY belong together: set both or none")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the certificate {settings.tls_certificate} can't be used: {error}") from error
    return context


async def _report(listening: endpoint.Endpoint, runner: Runner) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        seen, done = listening.statistics, runner.counts
        log.info(
            "edge.counts",
            connections=seen.connections,
            messages=seen.messages,
            unsettled=seen.unsettled_messages,
            refused=dict(seen.refused),
            committed=done.messages,
            rejected=done.rejected,
            flushes=done.flushes,
            retries=done.retries,
        )

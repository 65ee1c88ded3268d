"""The edge: the MQTT endpoint in front, the flush behind, in one process and one event loop."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from animov.admission import admit_by_password
from animov.lifeline import say_ready
from animov.signals import ended_by_signals
from core.clock import WALL, NodeClock
from core.delivery import Batch, Decode, Intake
from core.errors import SettingsError
from core.logs import get_logger
from core.readings import Message
from core.settings import Settings
from ingest.broker import Broker
from ingest.decoding import make_decoder
from ingest.mqtt import endpoint, shared
from ingest.mqtt.access import Authenticate, anyone
from ingest.subscriber import subscribe
from ingest.subscription import Subscription
from storage.engine import clocks
from storage.evidence import posted, registry
from storage.evidence.registry import Registry
from storage.upkeep.provision import Access
from stream.runner import MakeDecoder, Runner, running

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
    """Listen for collars until told to stop; then commit and acknowledge what was read.

    Raises:
        SettingsError: the address is open to others and no collar has a password.
        UnavailableError: the port is taken.
    """
    async with (
        followed_clock(access) as clock,
        flushing(access, settings, clock) as runner,
        listening(access, settings, runner.intake, clock) as here,
        posted_to(access, runner),
        reporting("edge.counts", lambda: {"received": here.statistics, "committed": runner.counts}),
    ):
        told = ended_by_signals()
        say_ready(mqtt=address_of(here, settings))
        await told.wait()


async def run_subscriber(access: Access, settings: Settings, broker: Broker, subscription: Subscription) -> None:
    """Take what an existing broker has until told to stop; each message is acknowledged to it after the commit.

    A broker that is away or refuses is tried again for ever, each time with an event in the log.
    """
    async with (
        followed_clock(access) as clock,
        flushing(access, settings, clock) as runner,
        subscribe(broker, subscription, intake=runner.intake, now_ms=clock.now_ms) as here,
        posted_to(access, runner),
        reporting("edge.counts", lambda: {"received": here.statistics, "committed": runner.counts}),
    ):
        told = ended_by_signals()
        say_ready(broker=broker)
        await told.wait()


@asynccontextmanager
async def listening(
    access: Access, settings: Settings, intake: Intake, clock: FollowedClock
) -> AsyncIterator[endpoint.Endpoint]:
    """Listen for collars for the time of the block.

    Raises:
        SettingsError: the address is open to others and no collar has a password.
        UnavailableError: the port is taken.
    """
    serving = endpoint.serve(
        settings.host,
        settings.mqtt_port,
        intake=intake,
        now_ms=clock.now_ms,
        authenticate=await who_may_write(access, settings),
        tls=tls_context(settings),
        limits=shared.Limits(max_payload_bytes=settings.max_payload_bytes, inbox_bytes=settings.inbox_bytes),
    )
    async with serving as here:
        yield here


def address_of(here: endpoint.Endpoint, settings: Settings) -> str:
    """Return where collars reach an endpoint."""
    scheme = "mqtts" if settings.tls_certificate else "mqtt"
    return f"{scheme}://{settings.host}:{here.port}"


@asynccontextmanager
async def followed_clock(access: Access) -> AsyncIterator[FollowedClock]:
    """Follow the node's clock for the time of the block."""
    clock = FollowedClock()
    async with background(clocks.follow(access.app, clock.set)):
        yield clock


@asynccontextmanager
async def flushing(
    access: Access, settings: Settings, clock: FollowedClock, make_decoder: MakeDecoder | None = None
) -> AsyncIterator[Runner]:
    """Run the flush in the background, once it knows the collars; at the end all that was taken in is committed."""
    make_decoder = make_decoder or partial(decoder_for, settings)
    runner = Runner(access.app, make_decoder, most_keys=settings.flush_keys, now_ms=clock.now_ms)
    async with running(runner):
        await runner.loaded()
        async with background(registry.follow(access.app, runner.take_registry)):
            yield runner


@asynccontextmanager
async def posted_to(access: Access, runner: Runner) -> AsyncIterator[None]:
    """Read what came by HTTP too, for the time of the block."""

    async def take(messages: list[Message]) -> None:
        committed = asyncio.Event()
        runner.intake(Batch(messages, committed.set))
        await committed.wait()

    async with background(posted.follow(access.app, take)):
        yield


def decoder_for(settings: Settings, known: Registry) -> Decode:
    """Return the decoder for a registry's devices and the limits of the settings."""
    return make_decoder(future_limit=settings.future_limit, age_limit=settings.age_limit, aliases=known.aliases.get)


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


@asynccontextmanager
async def reporting(event: str, facts: Callable[[], Mapping[str, object]]) -> AsyncIterator[None]:
    """Log what came through, every so often, for the time of the block."""

    async def report() -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            log.info(event, **facts())

    async with background(report()):
        yield


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something else beside the block, and stop with it; if it fails, so does the block."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()

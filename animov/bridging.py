"""The bridge as a process: MQTT in front, by our own endpoint or another's broker, Kafka behind.

It opens no payload. What Kafka can't take goes to the rejected messages by the same flush as on one machine, so the
database is asked for that, for the node's clock, and for passwords where the endpoint is open to others; while it is
away the bridge goes on.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from animov import figures
from animov.edge import FollowedClock, address_of, background, followed_clock, listening, reporting
from animov.lifeline import say_ready
from animov.signals import ended_by_signals
from animov.vitals import shown
from core.delivery import Decode
from core.errors import SettingsError
from core.kafka_login import KafkaLogin
from core.readings import Message, Rejected
from core.settings import Settings
from ingest.broker import Broker
from ingest.kafka.bridge import Bridge, bridging
from ingest.kafka.topic import Topic
from ingest.mqtt.subscriber import Subscriber, subscribe
from ingest.subscription import SubscriberStatistics, Subscription
from storage.evidence.registry import Registry
from storage.upkeep.provision import Access
from stream.runner import Runner, running

_TOLD_S: Final = 300.0
"""For how long after another client took our session this is an ailment, in seconds."""


async def run_bridge(access: Access, settings: Settings) -> None:
    """Listen for collars until told to stop, and acknowledge what Kafka has.

    Raises:
        SettingsError: the address is open to others and no collar has a password, or no Kafka is named.
        UnavailableError: the port is taken.
    """
    async with (
        shown(settings) as vitals,
        _bridge(access, settings) as (bridge, clock),
        listening(access, settings, bridge.intake, clock) as here,
        reporting("bridge.counts", lambda: {"received": here.statistics, "sent": bridge.counts}),
    ):
        vitals.figures = lambda: (*figures.of_endpoint(here.statistics), *figures.of_bridge(bridge))
        vitals.ailments = bridge.ailments
        told = ended_by_signals()
        say_ready(mqtt=address_of(here, settings), kafka=settings.kafka_brokers, **vitals.facts)
        await told.wait()


async def run_subscribed_bridge(access: Access, settings: Settings, broker: Broker, subscription: Subscription) -> None:
    """Take what an existing broker has until told to stop; each message is acknowledged to it when Kafka has it.

    It is ready once the broker has taken its subscription, and keeps for it what comes.
    """

    async def announce(here: Subscriber) -> None:
        await here.subscribed()
        say_ready(broker=broker, kafka=settings.kafka_brokers, **vitals.facts)

    async with (
        shown(settings) as vitals,
        _bridge(access, settings) as (bridge, clock),
        subscribe(broker, subscription, intake=bridge.intake, now_ms=clock.now_ms) as here,
        reporting("bridge.counts", lambda: {"received": here.statistics, "sent": bridge.counts}),
        background(announce(here)),
    ):
        vitals.figures = lambda: (*figures.of_subscriber(here.statistics), *figures.of_bridge(bridge))
        now = asyncio.get_running_loop().time
        vitals.ailments = lambda: (*_unheard(here.statistics, broker, now()), *bridge.ailments())
        await ended_by_signals().wait()


def _unheard(seen: SubscriberStatistics, broker: Broker, now: float) -> Iterator[str]:
    if seen.refused:
        yield f"{broker} refuses our subscription to {', '.join(seen.refused)}"
    elif not seen.subscribed:
        yield f"{broker} is away, or does not let us in; attempts to connect so far: {seen.attempts}"
    if seen.taken_over_at is not None and now - seen.taken_over_at < _TOLD_S:
        yield f"another client of {broker} seems to have our client id: each bridge needs its own --client-id"


def topic_of(settings: Settings) -> Topic:
    """Return the topic that the settings name.

    Raises:
        SettingsError: they name no Kafka, what is no address, or half a login.
    """
    if settings.kafka_brokers is None:
        raise SettingsError("no Kafka is named: set ANIMOV_KAFKA_BROKERS to host:port of some of its brokers")
    if not all(map(_is_address, settings.kafka_brokers.split(","))):
        raise SettingsError(
            f"ANIMOV_KAFKA_BROKERS is {settings.kafka_brokers!r}; it is host:port of some brokers, separated by commas"
        )
    return Topic(
        brokers=settings.kafka_brokers,
        name=settings.kafka_topic,
        partitions=settings.kafka_partitions,
        copies=settings.kafka_copies,
        payload_bytes=settings.max_payload_bytes,
        login=_login_of(settings),
    )


def _is_address(broker: str) -> bool:
    try:
        parts = urlsplit(f"//{broker.strip()}")
        return bool(parts.hostname and parts.port != 0) and parts.netloc == broker.strip() and "@" not in broker
    except ValueError:
        return False


def _login_of(settings: Settings) -> KafkaLogin:
    password = settings.kafka_password
    if (settings.kafka_user is None) is not (password is None):
        raise SettingsError("ANIMOV_KAFKA_USER and ANIMOV_KAFKA_PASSWORD go together, and one of them is not set")
    return KafkaLogin(
        tls=_judge(settings) if settings.kafka_tls or settings.kafka_ca else None,
        user=settings.kafka_user,
        password=None if password is None else password.get_secret_value(),
        mechanism=settings.kafka_mechanism,
    )


def _judge(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca)
    except OSError as error:
        raise SettingsError(f"ANIMOV_KAFKA_CA={settings.kafka_ca} can't be read: {error}") from error


@asynccontextmanager
async def _bridge(access: Access, settings: Settings) -> AsyncIterator[tuple[Bridge, FollowedClock]]:
    async with followed_clock(access) as clock:
        refusing = Runner(access.app, _too_large, most_keys=settings.flush_keys, now_ms=clock.now_ms)
        bridge = bridging(topic_of(settings), refusing.intake, settings.commit_patience.total_seconds())
        async with running(refusing), bridge as here:
            yield here, clock


def _too_large(_known: Registry) -> Decode:
    def refuse(message: Message) -> Rejected:
        return Rejected("too_large", f"its payload of {len(message.payload)} bytes is more than Kafka's topic takes")

    return refuse

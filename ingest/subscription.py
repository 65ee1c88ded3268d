"""What a subscriber asks of a broker, and what it has seen of it."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from core.logs import get_logger
from ingest.broker import Broker

log = get_logger(__name__)

TOPICS: Final = ("animov/v1/+/+/+",)
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
"""Where Mosquitto counts what it has thrown away, of all clients, since it began."""

_WORDLESS: Final = 3
_WORDLESS_WITHIN_S: Final = 60.0

Version = Literal["3.1.1", "5"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to subscribe to, and how.

    Attributes:
        topics: Topic filters.
        client_id: Name of the session at the broker; each subscriber needs its own, and keeps it.
        group: Share the messages with the other subscribers of this group; `None` takes them all.
        version: Protocol; 5 lets us tell the broker our window.
        window: Messages that the broker may have unacknowledged here. With MQTT 3.1.1 the broker's own limit counts;
            if that is wider, reading stops at this number, and TCP stops the broker.
        window_bytes: Bytes of payload unsettled here above which reading stops likewise.
        session_s: Seconds that the broker is to keep the session while we are away (MQTT 5.0).
        drain_s: Seconds that closing waits for what was delivered to be settled.
    """

    topics: Sequence[str] = TOPICS
    client_id: str = "animov"
    group: str | None = None
    version: Version = "5"
    window: int = 20_000
    window_bytes: int = 33_554_432
    session_s: int = 604_800
    drain_s: float = 10

    @property
    def filters(self) -> list[str]:
        """Topic filters as the broker is to see them."""
        return [f"$share/{self.group}/{topic}" if self.group else topic for topic in self.topics]


EVERYTHING: Final = Subscription()
"""All that collars say, taken alone."""


class SubscriberStatistics(NamedTuple):
    """What a subscriber has seen.

    Attributes:
        attempts: Times that we tried to connect.
        connected: Whether the broker has let us in, and has not gone.
        subscribed: Whether it has also taken our subscription.
        session_kept: Whether it still had our session when it last let us in.
        connections: Times that it has let us in.
        messages: Delivered since the beginning.
        unsettled: Delivered and not yet committed.
        sessions_lost: Times that the broker had forgotten our session, and what it held for us.
        broker_dropped: Messages that the broker has dropped, for any client, since we first asked; `None` until it
            has told, and for ever where it does not count.
        refused: Topic filters that the broker has refused.
        taken_over: Times that the broker ended our connection since another client came with our client id, as it
            said or as it seems.
        taken_over_at: When that was last, in seconds of the loop's clock.
    """

    attempts: int = 0
    connected: bool = False
    subscribed: bool = False
    session_kept: bool = False
    connections: int = 0
    messages: int = 0
    unsettled: int = 0
    sessions_lost: int = 0
    broker_dropped: int | None = None
    refused: tuple[str, ...] = ()
    taken_over: int = 0
    taken_over_at: float | None = None


class Account:
    """Keeps what one subscriber has seen, and logs what people should know.

    Attributes:
        seen: So far.
        taken: Set when the broker has first taken our subscription.
    """

    def __init__(self, broker: Broker, subscription: Subscription) -> None:
        self.seen = SubscriberStatistics()
        self.taken = asyncio.Event()
        self._broker, self._subscription = str(broker), subscription
        self._dropped: int | None = None
        self._wordless: deque[float] = deque(maxlen=_WORDLESS)

    def tried(self) -> None:
        """Count an attempt to connect."""
        self.seen = self.seen._replace(attempts=self.seen.attempts + 1)

    def failed(self, reason: str) -> None:
        """Tell that nobody answers."""
        log.warning("subscriber.unreachable", broker=self._broker, reason=reason)

    def not_let_in(self, reason: str) -> None:
        """Tell that the broker answers, and says no."""
        log.error("subscriber.not_let_in", broker=self._broker, reason=reason)

    def connected(self, *, kept: bool) -> None:
        """Note that the broker has let us in, and whether it still had our session."""
        seen, asked = self.seen, self._subscription
        lost = seen.connections > 0 and not kept
        self.seen = seen._replace(
            connected=True, session_kept=kept, connections=seen.connections + 1, sessions_lost=seen.sessions_lost + lost
        )
        log.info("subscriber.connected", broker=self._broker, window=asked.window, session_kept=kept)
        if lost:
            log.warning("subscriber.session_lost", broker=self._broker, client=asked.client_id)

    def disconnected(self, reason: str) -> None:
        """Note that the connection is over."""
        self.seen = self.seen._replace(connected=False, subscribed=False)
        log.info("subscriber.disconnected", broker=self._broker, reason=reason)

    def taken_over(self, at: float) -> None:
        """Tell that another client seems to have our name, `at` seconds of the loop's clock."""
        self.seen = self.seen._replace(taken_over=self.seen.taken_over + 1, taken_over_at=at)
        log.warning(
            "subscriber.taken_over",
            broker=self._broker,
            client=self._subscription.client_id,
            reason="another client seems to have our client id: give each bridge its own --client-id",
        )

    def ended_without_a_word(self, at: float) -> None:
        """Note that the broker closed a connection and gave no reason, as Mosquitto does for another client.

        Once or twice it may have been stopped; `at` is in seconds of the loop's clock.
        """
        self._wordless.append(at)
        if len(self._wordless) == _WORDLESS and at - self._wordless[0] < _WORDLESS_WITHIN_S:
            self.taken_over(at)

    def subscribed(self, refused: Mapping[str, str]) -> None:
        """Note the broker's answer to our subscription: the topic filters that it refuses, each with its reason."""
        self.seen = self.seen._replace(subscribed=not refused, refused=tuple(refused))
        if refused:
            log.error("subscriber.refused", broker=self._broker, topics=refused)
        else:
            self.taken.set()

    def heard(self, count: int) -> None:
        """Count messages that were delivered."""
        self.seen = self.seen._replace(messages=self.seen.messages + count, unsettled=self.seen.unsettled + count)

    def settled(self, count: int) -> None:
        """Count messages that are safe."""
        self.seen = self.seen._replace(unsettled=self.seen.unsettled - count)

    def dropped(self, count: int) -> None:
        """Note how many messages the broker has dropped since it began; one that began again counts from 0."""
        before, self._dropped = self._dropped, count
        grown = 0 if before is None else max(count - before, 0)
        total = (self.seen.broker_dropped or 0) + grown
        self.seen = self.seen._replace(broker_dropped=total)
        if grown:
            log.warning("subscriber.broker_dropped", broker=self._broker, messages=grown, total=total)

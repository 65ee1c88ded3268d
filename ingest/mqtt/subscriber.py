"""The subscriber for a bridge: an existing broker's messages by our own protocol code, in batches.

It does what `ingest.subscriber` does, and loses what that can't help losing, at a small part of its cost: no thread,
and no object for each packet.
A packet that is larger than what may be held at all is not taken: a broker of MQTT 5.0 is told so and does not send
it, one of 3.1.1 is left, with the reason in the log.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from core.backoff import next_delay
from core.delivery import Intake
from ingest.broker import Broker
from ingest.mqtt.line import Line
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.requests import Request
from ingest.subscription import EVERYTHING, Account, SubscriberStatistics, Subscription

_KEEP_ALIVE_S: Final = 60
_CONNECT_S: Final = 20.0
_LEAVE_S: Final = 5.0
_LARGEST: Final = 268_435_460
"""Bytes of a packet that MQTT can say."""


class Subscriber:
    """One session at a broker, over one connection after the other; made by `subscribe`.

    Args:
        broker: Where.
        subscription: What.
        account: Keeps what is seen.
        new_line: Makes what speaks over one connection.
        tls: How to judge the broker's certificate; `None` speaks in clear.
    """

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        new_line: Callable[[Account], Line],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._broker, self._subscription, self._tls = broker, subscription, tls
        self._account = Account(broker, subscription)
        self._new_line = new_line
        self._line: Line | None = None

    @property
    def statistics(self) -> SubscriberStatistics:
        """What it has seen so far."""
        return self._account.seen

    async def subscribed(self) -> None:
        """Wait until the broker has taken our subscription for the first time: from then on it keeps what comes."""
        await self._account.taken.wait()

    async def stay(self) -> None:
        """Connect, and connect again whenever the connection is lost, for ever.

        What was delivered is settled before the next connection: the broker sends it again there if it was not, so
        memory stays bounded by one window.
        """
        loop, delay_s = asyncio.get_running_loop(), None
        while True:
            began = loop.time()
            await self._live()
            delay_s = next_delay(delay_s, loop.time() - began)
            await asyncio.sleep(delay_s)
            if self._line is not None:
                await self._line.idle.wait()

    async def close(self) -> None:
        """Take no more, wait until what was delivered is settled, and leave; the session stays."""
        line = self._line
        if line is None or line.ended.done():
            return
        line.hush()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._subscription.drain_s):
                await line.idle.wait()
        line.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await asyncio.shield(line.ended)

    async def _live(self) -> None:
        self._account.tried()
        new_line = partial(self._new_line, self._account)
        opening = asyncio.get_running_loop().create_connection(
            new_line, self._broker.host, self._broker.port, ssl=self._tls
        )
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, line = await opening
        except OSError as error:
            self._account.failed(_why(error))
            return
        self._line = line
        await line.ended


@asynccontextmanager
async def subscribe(
    broker: Broker,
    subscription: Subscription = EVERYTHING,
    *,
    intake: Intake,
    now_ms: Callable[[], int],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Subscriber]:
    """Subscribe as long as the block lasts; a broker that is away is waited for.

    Batches are handed to `intake` in this event loop, and are to be settled in it.

    Args:
        broker: Where.
        subscription: What.
        intake: Takes what arrives; it must not block.
        now_ms: The node's clock, in milliseconds since 1970.
        tls: How to judge the broker's certificate; by the system's authorities if not given.
    """
    request = _request(broker, subscription)

    def new_line(account: Account) -> Line:
        return Line(request, subscription, account, intake=intake, now_ms=now_ms)

    judged = tls or ssl.create_default_context() if broker.tls else None
    subscriber = Subscriber(broker, subscription, new_line, judged)
    staying = asyncio.create_task(subscriber.stay(), name="mqtt subscriber")
    try:
        yield subscriber
    finally:
        await subscriber.close()
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)


def _request(broker: Broker, subscription: Subscription) -> Request:
    return Request(
        client_id=subscription.client_id,
        version=V5 if subscription.version == "5" else V3,
        keep_alive_s=_KEEP_ALIVE_S,
        user=broker.user,
        password=broker.password,
        session_s=subscription.session_s,
        window=subscription.window,
        largest=min(subscription.window_bytes, _LARGEST),
    )


def _why(error: OSError) -> str:
    said = str(error) or repr(error)
    own = isinstance(error, ssl.SSLCertVerificationError) or not isinstance(error, ssl.SSLError | ConnectionResetError)
    return said if own else f"{said}: is TLS right for this port?"

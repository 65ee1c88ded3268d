"""Recording what passes: a tap in front of an intake, or a subscriber at a broker."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, cast

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.reasoncodes import ReasonCode

from core.delivery import Batch, Intake
from core.errors import AnimovError
from core.readings import Message
from ingest.broker import Broker, parse_broker
from ingest.client import RefusedByBrokerError, connect, make_client
from ingest.recording import Clock, Qos, RecordingWriter


@contextmanager
def recording_intake(path: Path, intake: Intake, *, clock: Clock = "node", source: str = "") -> Iterator[Intake]:
    """Give an intake that writes every message to a new recording before it hands the batch on.

    What a batch does not tell is recorded as QoS 1 and not retained.
    """
    with RecordingWriter(path, clock=clock, source=source) as writer:

        def record_and_pass(batch: Batch) -> None:
            for message in batch.messages:
                writer.write(message)
            writer.flush()
            intake(batch)

        yield record_and_pass


def record(
    url: str,
    path: Path,
    *,
    stop: Event,
    now_ms: Callable[[], int],
    topics: Sequence[str] = ("animov/#",),
    client_id: str = "animov-record",
    clock: Clock = "wall",
    subscribed: Callable[[], None] = lambda: None,
    progress: Callable[[int], None] = lambda _count: None,
) -> int:
    """Subscribe at a broker and write what comes to a new recording until `stop` is set; returns how many came.

    A message is acknowledged when it is in the file, so none that the broker would repeat is missing.

    Args:
        url: `mqtt://[user[:password]@]host[:port]`.
        path: A file that does not exist yet.
        stop: Ends the recording; also set if the broker refuses, before the error is raised.
        now_ms: Milliseconds since 1970, stamped on each message.
        topics: Topic filters.
        client_id: MQTT client id.
        clock: Whose time `now_ms` is.
        subscribed: Called when the broker has taken the subscription.
        progress: Told how many messages were written, after each, on the network's thread.

    Raises:
        UnavailableError: nobody answers.
        RefusedByBrokerError: the broker refuses the connection or a subscription.
    """
    broker = parse_broker(url)
    with RecordingWriter(path, clock=clock, source=str(broker)) as writer:
        subscriber = _Subscriber(broker, topics, writer, stop, now_ms, subscribed, progress)
        client = make_client(broker, client_id, manual_ack=True)
        client.on_connect = subscriber.answered
        client.on_subscribe = subscriber.taken
        client.on_message = subscriber.received
        connect(client, broker)
        client.loop_start()
        try:
            stop.wait()
        finally:
            client.disconnect()
            client.loop_stop()
    if subscriber.error:
        raise subscriber.error
    return subscriber.count


@dataclass(slots=True)
class _Subscriber:
    """What happens on the network's thread."""

    broker: Broker
    topics: Sequence[str]
    writer: RecordingWriter
    stop: Event
    now_ms: Callable[[], int]
    subscribed: Callable[[], None]
    progress: Callable[[int], None]
    count: int = 0
    error: AnimovError | None = None

    def answered(self, client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._fail(str(reason))
        else:
            client.subscribe([(topic, 1) for topic in self.topics])

    def taken(self, _client: Client, _data: Any, _id: int, reasons: list[ReasonCode], _properties: Any) -> None:
        refused = [topic for topic, reason in zip(self.topics, reasons, strict=True) if reason.is_failure]
        if refused:
            self._fail(f"no subscription to {', '.join(refused)}")
        else:
            self.subscribed()

    def received(self, client: Client, _data: Any, incoming: MQTTMessage) -> None:
        message = Message(incoming.topic, self.now_ms(), bytes(incoming.payload))
        self.writer.write(message, qos=cast("Qos", incoming.qos), retain=incoming.retain)
        self.writer.flush()
        client.ack(incoming.mid, incoming.qos)
        self.count += 1
        self.progress(self.count)

    def _fail(self, reason: str) -> None:
        self.error = RefusedByBrokerError(self.broker, reason)
        self.stop.set()

"""A paho-mqtt client for a broker, and what can go wrong when it connects."""

import socket
import ssl
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from core.errors import AnimovError, UnavailableError
from ingest.broker import Broker


class RefusedByBrokerError(AnimovError):
    """The broker answers, and says no.

    Attributes:
        broker: Which one.
        reason: In its own words.
    """

    def __init__(self, broker: Broker, reason: str) -> None:
        super().__init__(f"the MQTT broker at {broker} refuses: {reason}")
        self.broker = broker
        self.reason = reason


def make_client(broker: Broker, client_id: str, *, manual_ack: bool = False) -> Client:
    """Make a client that is not connected yet, MQTT 3.1.1 with a clean session."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, manual_ack=manual_ack)
    client.on_socket_open = _send_at_once
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set_context(ssl.create_default_context())
    return client


def connect(client: Client, broker: Broker) -> None:
    """Open the connection and send CONNECT; the answer comes to `on_connect`.

    Raises:
        UnavailableError: nobody answers at the address.
    """
    try:
        client.connect(broker.host, broker.port, keepalive=60)
    except OSError as error:
        raise UnavailableError(f"the MQTT broker at {broker} does not answer: {error.strerror or error}") from error


def _send_at_once(_client: Client, _data: Any, opened: Any) -> None:
    """Switch Nagle's algorithm off: it holds small messages back until the broker has answered earlier ones."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

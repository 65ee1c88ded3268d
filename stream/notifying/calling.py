"""One HTTP request to an address that was judged before, in bounded time; no proxy, no redirection."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer
from time import monotonic
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from core.errors import AnimovError
from core.private_networks import Allowed, reachable


class NotReachedError(AnimovError):
    """Nobody was told anything."""


class Answer(NamedTuple):
    """What a server answered: the status and its reason."""

    status: int
    reason: str


def post(url: str, headers: Mapping[str, str], body: bytes, *, allowed: Allowed, patience_s: float) -> Answer:
    """Send a body to a URL and return the answer, redirections included.

    Args:
        url: Of http or https.
        headers: Besides the usual ones.
        body: What is sent.
        allowed: What may be reached besides the public internet.
        patience_s: Wall seconds after which it is given up, the time of looking the name up apart.

    Raises:
        NotReachedError: nobody was told anything.
        OSError: the connection broke off once the body was on its way and before the status was told; so with
            HTTPException.
    """
    parts, deadline = urlsplit(url), monotonic() + patience_s
    try:
        connection = _connected(parts, _addresses(parts, allowed), deadline)
    except OSError as error:
        raise NotReachedError(f"it is not to be reached: {error.strerror or error}") from error
    with connection, _until(deadline, connection):
        client = HTTPConnection(parts.netloc)
        client.sock, client.auto_open = connection, 0
        try:
            client.request("POST", _target(parts), body, {"Host": parts.netloc, **headers})
        except (OSError, HTTPException) as error:
            raise NotReachedError(f"it broke off before all was said: {error}") from error
        with HTTPResponse(connection, method="POST") as answer:
            return _told(answer)


def _told(answer: HTTPResponse) -> Answer:
    """Read an answer as far as its status; how what follows it ends is of no account."""
    unknown = answer.status
    try:
        answer.begin()
    except (OSError, HTTPException):
        if answer.status == unknown:
            raise
    return Answer(answer.status, answer.reason)


def _addresses(parts: SplitResult, allowed: Allowed) -> list[str]:
    host = parts.hostname or ""
    found = [str(place[0]) for *_, place in socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)]
    judged = reachable(host, found, allowed)
    if not judged:
        raise NotReachedError(
            f"{host} is no address of the public internet: whoever runs the node may allow it, ANIMOV_WEBHOOK_NETWORKS"
        )
    return judged


def _connected(parts: SplitResult, addresses: list[str], deadline: float) -> socket.socket:
    """Return a connection to the first address that answers, secured if the URL says so."""
    failed = OSError("no address")
    for address in addresses:
        left_s = max(deadline - monotonic(), 0.001)
        try:
            plain = socket.create_connection((address, _port(parts)), timeout=left_s)
        except OSError as error:
            failed = error
            continue
        return plain if parts.scheme == "http" else _secured(plain, parts.hostname, deadline)
    raise failed


def _secured(plain: socket.socket, host: str | None, deadline: float) -> ssl.SSLSocket:
    try:
        secured = ssl.create_default_context().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise
    try:
        with _until(deadline, secured):
            secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


@contextmanager
def _until(deadline: float, connection: socket.socket) -> Iterator[None]:
    """Break a connection off at an instant of the monotonic clock, however slowly the other side goes on talking."""
    timer = Timer(max(deadline - monotonic(), 0.0), _break_off, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _break_off(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not that of TLS, which another thread is using
    except OSError:
        return  # it is over already


def _port(parts: SplitResult) -> int:
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

"""Many who listen live and hear nothing: what they cost the API in memory."""

import socket
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from bench.processes import cpu_seconds, memory_bytes
from core.errors import UnavailableError


def measure(address: str, key: str, pid: int, listeners: int) -> dict[str, Any]:
    """Let so many listen at once, and measure the API's memory before and with them."""
    before, spent = memory_bytes(pid), cpu_seconds(pid)
    with ExitStack() as stack:
        for _ in range(listeners):
            stack.enter_context(_listening(address, key))
        return {
            "listeners": listeners,
            "before_bytes": before,
            "bytes": memory_bytes(pid),
            "cpu_ms_each": 1000 * (cpu_seconds(pid) - spent) / listeners,
        }


def _listening(address: str, key: str) -> socket.socket:
    """Return a connection on which the first words of a stream have come."""
    url = urlsplit(address)
    connection = socket.create_connection((str(url.hostname), int(url.port or 80)), timeout=60)
    request = f"GET /v1/live HTTP/1.1\r\nHost: {url.netloc}\r\nX-API-Key: {key}\r\n\r\n"
    connection.sendall(request.encode())
    heard = b""
    while b"retry: " not in heard:
        part = connection.recv(4096)
        if not part or b"HTTP/1.1 200" not in (heard + part)[:12]:
            raise UnavailableError(f"nobody can listen: {(heard + part)[:200]!r}")
        heard += part
    return connection

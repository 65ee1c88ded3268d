"""An export that nobody reads to the end: it is ended at once, in a thread, and whatever it held is free again."""

import json
import socket
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress

import pytest
import uvicorn

from api import connections
from api.app import create_app
from api.serving import listening
from bench.waiting import wait_until
from storage.leaving import exporting

EXPORT = "/v1/farms/barn/export"
ENDLESS = "COPY (SELECT repeat('x', 10000) FROM generate_series(1, 1000000)) TO STDOUT"


@pytest.fixture
def closed(monkeypatch):
    """Threads in which exports ended, each of which would be gigabytes of a COPY."""
    threads = []

    def endless(connection, *_, **__):
        with connection.connection.dbapi_connection.cursor() as cursor:
            try:
                with cursor.copy(ENDLESS) as rows:
                    yield from rows
            finally:
                threads.append(threading.current_thread())

    monkeypatch.setattr(exporting, "packed", endless)
    return threads


@contextmanager
def served(app):
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="on", **connections.limits()))
    server.capture_signals = threading.Lock  # signals are the main thread's
    with listening("127.0.0.1", 0) as listener:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        try:
            yield listener.getsockname(), serving
        finally:
            server.should_exit = True
            serving.join(60)
            assert not serving.is_alive()


def test_an_export_that_is_left_ends_at_once_and_holds_nothing(
    api_engine, yards, hasher, signing_key, headers_of, closed
):
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)
    headers = {"Authorization": headers_of("root")["Authorization"]}
    with served(app) as (address, serving):

        def ask(method, path):
            url = f"http://127.0.0.1:{address[1]}{path}"
            with urllib.request.urlopen(urllib.request.Request(url, None, headers, method=method), timeout=60) as said:
                return said.status, said.read()

        def is_free():
            with suppress(urllib.error.HTTPError):
                return ask("HEAD", EXPORT)[0] == 200

        for left in range(1, 4):
            with socket.create_connection(address, timeout=60) as connection:
                told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                connection.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\n{told}\r\n".encode())
                assert connection.recv(3000).startswith(b"HTTP/1.1 200")
            wait_until(is_free)
            audit = json.loads(ask("GET", "/v1/farms/barn/audit")[1])["items"]
            exported = [row for row in audit if row["action"] == "farm.exported"]
            assert len(exported) == left  # of a HEAD nothing is noted, for nothing went out

        assert closed
        assert serving not in closed

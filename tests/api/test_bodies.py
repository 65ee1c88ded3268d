"""No request costs more than its limits: bodies, heads, paths; against a real server with real sockets."""

import asyncio
import gzip
import json
import socket
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Annotated

import httpx2
import pytest
import uvicorn
from fastapi import Body, FastAPI
from fastapi.responses import Response

from api import connections
from api.app import create_app
from api.forms.bodies import Limits
from api.listener import listening

LIMITS = Limits(body_bytes=50_000, larger={"/v1/large": 100_000}, body_s=60)


class Server(uvicorn.Server):
    """Serves in a thread until the block ends."""

    def __init__(self, app, **settings):
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on", **settings))
        self.is_up = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.is_up.set()

    def capture_signals(self):
        return nullcontext()  # signals are the main thread's


@pytest.fixture(scope="module")
def address(api_engine, yards, hasher, signing_key):
    """Host and port of the API with small limits, and a route that takes any JSON."""
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher, limits=LIMITS)
    add_routes(app)
    with serving(app, head_s=60) as address:
        yield address


@pytest.fixture(scope="module")
def hasty(api_engine, yards, hasher, signing_key):
    """The same of one that gives up soon who is slow."""
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher, limits=replace(LIMITS, body_s=0.5))
    add_routes(app)
    with serving(app, head_s=0.5) as address:
        yield address


@contextmanager
def serving(app, *, head_s):
    server = Server(app, **connections.limits(head_s=head_s))
    with listening("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.is_up.wait(60)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


def add_routes(app: FastAPI):
    def count(body: Annotated[dict | list, Body()]):
        return {"members": len(body)}

    for path in ("/v1/usual", "/v1/large"):
        app.post(path, include_in_schema=False)(count)

    async def not_read():
        return Response(b"as ever")

    app.post("/v1/unread", include_in_schema=False)(not_read)


def post(address, path, content, kind="application/json"):
    url = f"http://{address[0]}:{address[1]}{path}"
    return httpx2.post(url, content=content, headers={"Content-Type": kind}, timeout=60)


def exchange(address, *parts, until_closed=True):
    """Send parts as they are; return all that comes until the server closes."""
    with socket.create_connection(address, timeout=100) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while until_closed and (chunk := read(connection)):
            received += chunk
        return received


def read(connection):
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def refused(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:animov:problem:{code}"
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("path", "most"), [("/v1/usual", 50_000), ("/v1/large", 100_000)])
def test_a_body_is_no_larger_than_its_path_allows(address, path, most):
    exactly = json.dumps(["x" * (most - 4)]).encode()

    assert post(address, path, exactly).json() == {"members": 1}
    refused(post(address, path, exactly + b" "), 413, "too-large")


def test_a_large_body_in_parts_is_refused_before_its_end(address):
    """Nobody said how long it would be; the answer comes although the body never ends."""
    head = b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    part = b"1000\r\n" + b"[" * 4096 + b"\r\n"

    answer = exchange(address, head, *[part] * 13)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"urn:animov:problem:too-large" in answer


def test_a_length_that_is_announced_is_refused_at_once(address):
    for length in (b"50001", b"9" * 30):
        head = b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %s\r\n\r\n"
        answer = exchange(address, head % length)
        assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), length


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, identity", "x"])
def test_a_compressed_body_is_refused_and_the_header_named(address, coding):
    url, content = f"http://{address[0]}:{address[1]}/v1/usual", gzip.compress(b"[1]")
    for sent in (content, iter([content])):  # with its length, and in parts
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        answer = httpx2.post(url, content=sent, headers=headers, timeout=60)
        refused(answer, 415, "unsupported-media-type")
        assert "Content-Encoding" in answer.json()["detail"]
    assert post(address, "/v1/usual", b"[1]").json() == {"members": 1}


def test_a_slow_body_is_given_up(hasty):
    head = b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[1"

    answer = exchange(hasty, head)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"urn:animov:problem:slow-body" in answer


@pytest.mark.parametrize("sent", [b"", b"GET /health/live HTTP/1.1\r\nHost:", b"G"])
def test_a_slow_head_is_given_up(hasty, sent):
    """The server closes; whether the first byte ever came makes no difference."""
    assert exchange(hasty, sent) == b""


def test_a_connection_is_used_again_meanwhile(address):
    with socket.create_connection(address, timeout=100) as connection:
        for _ in range(3):
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while not received.endswith(b'{"status":"live"}'):
                received += read(connection)
            assert received.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("depth", [300, 24_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_json_is_refused_and_crashes_nothing(address, depth, opening, closing):
    depth = min(depth, 49_000 // len(opening + closing))
    body = opening * depth + b"1" + closing * depth

    for path, kind in (("/v1/login", "application/json"), ("/v1/usual", "application/json")):
        answer = post(address, path, body, kind)
        assert answer.status_code in {400, 413, 422, 200} - ({200} if depth > 1000 or "login" in path else set())
    assert httpx2.get(f"http://{address[0]}:{address[1]}/health/live", timeout=60).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1,]", b"\xff\xfe", b"[" + b"1" * 5000 + b"]", b'{"username": "a\\u0000"}']
)
def test_json_that_is_none_is_refused(address, body):
    for path in ("/v1/login", "/v1/usual"):
        answer = post(address, path, body)
        assert answer.status_code < 500, answer.text
        assert answer.status_code >= 400 or path == "/v1/usual"


def test_a_body_that_nobody_reads_is_no_matter(address):
    assert post(address, "/v1/unread", b"x" * 40_000).content == b"as ever"


PATHS = [
    b"/../../etc/passwd",
    b"/assets/../../api/app.py",
    b"/assets/%2e%2e/%2e%2e/api/app.py",
    b"/assets/..%2f..%2fapi/app.py",
    b"/assets/%252e%252e/app.py",
    b"/assets/%00",
    b"/assets//etc/passwd",
    b"//v1/farms",
    b"/v1//farms",
    b"/v1/farms/%2e%2e",
    b"/v1/farms/barn%2fgroups",
    b"/v1/farms/barn%00",
    b"/v1/farms/" + b"x" * 5000,
    b"/v1/farms/\xc3\xa9",
    b"/v1/farms/%c3%28",
    b"/assets/%c0%ae%c0%ae/%c0%ae%c0%ae/api/app.py",
    b"/assets/..%c0%af..%c0%afapi/app.py",
    b"/assets/..\\..\\api\\app.py",
    b"/v1/farms/.",
    b"/v1/./farms/../farms",
    b"/v1/farms;a=b",
    b"/v1/farms/barn%0d%0aX-Injected:%20yes",
    b"http://elsewhere/v1/farms",
    b"*",
]


@pytest.mark.parametrize("path", PATHS)
def test_tricks_with_paths_lead_nowhere(address, path):
    answer = exchange(address, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    status = int(answer.split(b" ", 2)[1])
    assert 400 <= status < 500, answer
    assert b"root:" not in answer
    assert b"create_app" not in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /health/live?" + b"q" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"GET /health/live HTTP/1.1\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/usual HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\rX-Injected: yes\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=[
        "long-header",
        "long-query",
        "many-headers",
        "no-host",
        "no-colon",
        "two-framings",
        "two-lengths",
        "negative-length",
        "signed-length",
        "unknown-coding",
        "chunk-of-no-length",
        "return-in-a-value",
        "nul-in-a-value",
        "space-before-colon",
        "tls",
    ],
)
def test_a_head_that_is_none_is_refused(address, head):
    answer = exchange(address, head + b"\r\n\r\n")

    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert httpx2.get(f"http://{address[0]}:{address[1]}/health/live", timeout=60).status_code == 200


def test_answers_are_compressed_for_who_likes_it(address):
    url = f"http://{address[0]}:{address[1]}/openapi.json"
    plain = httpx2.get(url, headers={"Accept-Encoding": "identity"}, timeout=60)  # it is made first
    with httpx2.stream("GET", url, headers={"Accept-Encoding": "gzip"}, timeout=60) as answer:
        compressed = b"".join(answer.iter_raw())

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed) == plain.content
    assert "Content-Encoding" not in httpx2.get(url, headers={"Accept-Encoding": "gzip;q=0"}, timeout=60).headers
    assert len(compressed) < len(plain.content) / 3
    assert answer.headers["ETag"] == plain.headers["ETag"]


def test_events_are_not_held_back_by_compression():
    """What is sent as an event goes out as it is."""
    from api.forms.around import _AS_THEY_ARE  # noqa: PLC0415 - of this test alone

    assert "text/event-stream" in _AS_THEY_ARE


def test_a_client_that_takes_nothing_is_left(api_engine, hasher, signing_key):
    """An answer without an end, and nobody who reads it: the route is ended, not only forgotten."""
    ended = asyncio.Event()

    async def endless(scope, receive, send):
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.set()

    async def stuck(_):
        await asyncio.Event().wait()

    async def main():
        from api.forms.bodies import Bounded  # noqa: PLC0415 - of this test alone

        scope = {"type": "http", "path": "/", "query_string": b"", "headers": [], "state": {"request_id": "1"}}
        with pytest.raises(TimeoutError):
            await Bounded(endless, Limits(send_s=0.05))(scope, None, stuck)

    asyncio.run(main())
    assert ended.is_set()

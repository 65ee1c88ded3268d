"""A webhook is called at the very address that was judged, once, and for no longer than it is given."""

import socket
import ssl
import struct
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from threading import Event, Thread, Timer
from uuid import uuid4

import pytest

from animov.ports import reserved_port
from core.notice_addresses import fresh_secret
from core.private_networks import NOTHING, parse_allowed
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message
from stream.notifying import calling
from stream.notifying.webhook import call_webhook

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LOOPBACK = parse_allowed("127.0.0.0/8")
BODY = "{}"


def call(url, *, allowed=LOOPBACK, patience_s=60.0):
    channel = Channel(1, 1, "webhook", url, fresh_secret(), 0, "", None, None)
    message = Message(1, uuid4(), NOW, NOW, digest=False, subject="", body=BODY)
    return call_webhook(channel, message, NOW, allowed=allowed, patience_s=patience_s)


@contextmanager
def receiving(address="127.0.0.1", port=0, *, tls=None, location=None):
    """A webhook's server; `heard` are the paths and hosts that it was called by."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.heard.append((self.path, self.headers["Host"]))
            self.send_response(204 if location is None else 302)
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((address, port), Handler) as server:
        server.heard = []
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def names(monkeypatch):
    """What names stand for, one answer after the other; `asked` counts the questions."""
    known, asked, real = {}, [], socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host in known:
            asked.append(host)
            host = next(known[host])
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    known["asked"] = asked
    return known


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0"])
def test_the_node_itself_is_not_called_however_it_is_named(host):
    with receiving() as server:
        outcome = call(f"http://{host}:{server.server_port}/", allowed=NOTHING)

    assert (outcome.end, server.heard) == ("not_taken", [])
    assert "ANIMOV_WEBHOOK_NETWORKS" in outcome.why


def test_a_name_that_leads_into_the_private_network_is_not_called(names):
    names["hook.example"] = cycle(["127.0.0.1"])
    with receiving() as server:
        outcome = call(f"http://hook.example:{server.server_port}/", allowed=NOTHING)
        assert (outcome.end, server.heard) == ("not_taken", [])
        assert (
            call(f"http://hook.example:{server.server_port}/a?b=1", allowed=parse_allowed("hook.example")).end
            == "taken"
        )

    assert server.heard == [("/a?b=1", f"hook.example:{server.server_port}")]


def test_a_name_that_changes_its_meaning_is_asked_for_once_and_gains_nothing(names):
    names["rebinding.example"] = cycle(["127.0.0.1", "127.0.0.2"])
    with receiving() as judged, receiving("127.0.0.2", judged.server_port) as other:
        outcome = call(f"http://rebinding.example:{judged.server_port}/", allowed=parse_allowed("127.0.0.1"))

    assert outcome.end == "taken"
    assert (len(judged.heard), other.heard, names["asked"]) == (1, [], ["rebinding.example"])


def test_redirections_are_not_followed():
    with receiving() as inner, receiving(location=f"http://127.0.0.1:{inner.server_port}/") as outer:
        outcome = call(f"http://127.0.0.1:{outer.server_port}/")

    assert (outcome.end, len(outer.heard), inner.heard) == ("not_taken", 1, [])


def test_proxies_of_the_machine_are_not_asked(monkeypatch):
    with receiving() as proxy, receiving() as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        assert call(f"http://127.0.0.1:{server.server_port}/").end == "taken"
    assert proxy.heard == []


@pytest.fixture
def secured(certificate):
    """What a server of TLS needs."""
    chain, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def test_over_tls_the_certificate_is_of_the_name_not_of_the_address(names, secured, certificate, monkeypatch):
    names["localhost"] = names["other.example"] = cycle(["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with receiving(tls=secured) as server:
        ends = [call(f"https://{host}:{server.server_port}/").end for host in ("localhost", "other.example")]

    assert ends == ["taken", "not_taken"]
    assert len(server.heard) == 1


def test_a_certificate_that_nobody_vouches_for_is_told(secured):
    with receiving(tls=secured) as server:
        outcome = call(f"https://localhost:{server.server_port}/")
    assert (outcome.end, server.heard) == ("not_taken", [])


@contextmanager
def dripping(greeting, *, hears):
    """A server that hears a request out if it can, then says a byte now and then, for ever; `begun` tells that."""
    over, begun = Event(), Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                if hears:
                    while request.readline().strip():
                        pass
                    request.read(len(BODY))
                connection.sendall(greeting)
                begun.set()
                while not over.wait(0.02):
                    connection.sendall(b"a")

        def serve_quietly():
            try:
                serve()
            except OSError:
                over.set()  # who called has gone

        thread = Thread(target=serve_quietly)
        thread.start()
        yield listener.getsockname()[1], begun
        over.set()
    thread.join()


@pytest.mark.parametrize(
    ("scheme", "greeting", "end"),
    [
        pytest.param("http", b"HTTP/1.1 2", "unclear", id="in_its_status"),
        pytest.param("http", b"HTTP/1.1 200 OK\r\nX-Long: ", "taken", id="once_it_has_taken_it"),
        pytest.param("https", b"\x16\x03\x03\x3f\xff\x02", "not_taken", id="in_its_handshake"),
    ],
)
def test_a_server_that_never_comes_to_an_end_holds_nobody_up(monkeypatch, scheme, greeting, end):
    """Each byte comes in time, the whole does not: the time that it is given is over soon after its first bytes."""
    given = []
    with dripping(greeting, hears=scheme == "http") as (port, begun):

        class SoonOver(Timer):
            def run(self):
                given.append(self.interval)
                if begun.wait(60) and not self.finished.wait(0.1):
                    self.function(*self.args)

        monkeypatch.setattr(calling, "Timer", SoonOver)
        outcome = call(f"{scheme}://127.0.0.1:{port}/", patience_s=30)
    assert outcome.end == end
    assert [0 < interval <= 30 for interval in given] == [True]


def test_an_answer_counts_once_its_status_is_told_however_it_ends():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as request:
                while request.readline().strip():
                    pass
                request.read(len(BODY))
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = Thread(target=serve)
        thread.start()
        outcome = call(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()
    assert outcome.end == "taken"


def test_nobody_there_is_told_as_before():
    with reserved_port("127.0.0.1") as port:
        outcome = call(f"http://127.0.0.1:{port}/")
    assert outcome.end == "not_taken"
    assert outcome.why.startswith("it is not to be reached: ")

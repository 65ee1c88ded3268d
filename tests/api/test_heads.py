"""HEAD answers as GET does, with nothing behind the headers, on every route that is served to GET."""

import socket
import threading

import pytest
import uvicorn

from api import connections
from api.app import create_app
from api.serving import listening

PAGES = ("/", "/docs", "/openapi.json", "/assets/swagger/swagger-ui.css")
NOBODYS = "0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d12"
OF_NOW = ("/metrics", "/health/ready")
"""What these say changes from request to request, and with it their length and their tag."""

OF_THE_MOMENT = {"x-request-id", "date"}


def headers_told(answer):
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}


def test_head_is_get_without_the_body(app, client, headers_of, yards, filled):
    headers = headers_of("root")
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods]
    assert len(paths) > 60
    for path in (
        *(filled(path.replace("{deletion}", NOBODYS), yards["barn"]) for path in paths),
        *PAGES,
        "/nothing",
        "/v1/animals/0",
    ):
        got, head = (client.request(method, path, headers=headers) for method in ("GET", "HEAD"))

        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.keys() == got.headers.keys(), path
        assert headers_told(head) == headers_told(got) or path in OF_NOW, path


def test_a_head_of_what_has_not_changed_is_answered_so(client, headers_of, yards):
    headers = headers_of("barn-viewer")
    tag = client.get("/v1/farms/barn/animals", headers=headers).headers["ETag"]

    answer = client.head("/v1/farms/barn/animals", headers={**headers, "If-None-Match": tag})

    assert (answer.status_code, answer.headers["ETag"]) == (304, tag)


def test_where_nothing_is_got_there_is_no_head(client, headers_of, yards):
    answer = client.head("/v1/login")

    assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "POST", b"")
    assert client.delete("/v1/me").headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/v1/live", "/v1/farms/barn/export", "/v1/farms/barn/animal-windows?format=csv"])
def test_a_connection_goes_on_after_the_head_of_an_answer_without_end(
    api_engine, yards, hasher, signing_key, headers_of, path
):
    """The answer to the next request on it comes right behind the head, and whoever streamed has stopped."""
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", lifespan="on", **connections.limits()))
    server.capture_signals = threading.Lock  # signals are the main thread's
    token = headers_of("root")["Authorization"]
    head = f"{{}} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
    with listening("127.0.0.1", 0) as listener:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        try:
            with socket.create_connection(listener.getsockname(), timeout=60) as connection:
                connection.sendall(f"{head.format(f'HEAD {path}')}\r\n".encode())
                connection.sendall(f"{head.format('GET /health/live')}Connection: close\r\n\r\n".encode())
                received = b"".join(iter(lambda: connection.recv(65_536), b""))
        finally:
            server.should_exit = True
            serving.join(60)  # which waits for what is under way
            assert not serving.is_alive()

    first, second, last = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")
    assert last.startswith(b'{"')

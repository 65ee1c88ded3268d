"""Requests are traced for OpenTelemetry where its standard variables name a collector, and for nobody else."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api.health import tracing
from core.errors import SettingsError
from storage.engine import database

SERVE = """
import json, sys
from core.logs import configure_logging
from api.serving import serve
configure_logging(form="json")
serve(database_url=sys.argv[1], signing_key=b"k" * 32, host="127.0.0.1", port=0)
"""
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(ThreadingHTTPServer):
    """A collector of OpenTelemetry that keeps what it is sent, by OTLP over HTTP."""

    daemon_threads = True

    def __init__(self):
        self.requests, self.known = queue.Queue(), []
        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self, name, within_s=60):
        """The spans of the trace of a request with this name, the request first, after its resource's attributes."""
        until = time.monotonic() + within_s
        while True:
            for resource, span in self.known:
                if span.name == name:
                    same = [one for _, one in self.known if one.trace_id == span.trace_id and one is not span]
                    return resource, [span, *same]
            self.known += self._next(until - time.monotonic())

    def _next(self, timeout_s):
        path, headers, body = self.requests.get(timeout=timeout_s)
        assert (path, headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        told = ExportTraceServiceRequest.FromString(body)
        return [
            (facts(each.resource), span)
            for each in told.resource_spans
            for scope in each.scope_spans
            for span in scope.spans
        ]


class Taking(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.put((self.path, self.headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def facts(told):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in told.attributes}


@pytest.fixture(scope="module")
def collector():
    with Collector() as made:
        serving = threading.Thread(target=made.serve_forever)
        serving.start()
        yield made
        made.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def api_url(database_url, yards):
    return database.as_role(database_url, "animov_api")


@contextmanager
def running(url, log, **variables):
    """A process that serves, and its address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command, environment = [sys.executable, "-c", SERVE, url], clean | variables
    with (
        log.open("w") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True, env=environment) as process,
    ):
        try:
            line = process.stdout.readline()
            assert line.startswith("ready api=http://127.0.0.1:"), line
            yield process, line.strip().removeprefix("ready api=")
        finally:
            process.kill()


class Traced(NamedTuple):
    """What became of a login and of a request with an id of its own."""

    collector: Collector
    token: str
    log: list[dict]


@pytest.fixture(scope="module")
def traced(api_url, collector, tmp_path_factory, password):
    log = tmp_path_factory.mktemp("traced") / "log"
    with (
        running(api_url, log, **{ENDPOINT: collector.url}) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as ask,
    ):
        login = ask.post("/v1/login", json={"username": "barn-viewer", "password": password})
        token = login.json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "of-the-test"}
        assert ask.get("/v1/farms/barn", headers=headers).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    return Traced(collector, token, [json.loads(line) for line in lines])


def test_a_request_is_traced_with_its_route_its_id_and_its_statements(traced):
    resource, (request, *statements) = traced.collector.spans("GET /v1/farms/{farm}")

    assert (resource["service.name"], request.kind) == ("animov", request.SPAN_KIND_SERVER)
    told = facts(request)
    assert (told["http.route"], told["http.response.status_code"]) == ("/v1/farms/{farm}", 200)
    assert told["animov.request_id"] == "of-the-test"
    assert len(statements) > 1
    for one in statements:
        assert (one.parent_span_id, one.kind) == (request.span_id, one.SPAN_KIND_CLIENT)
        assert facts(one)["db.system.name"] == "postgresql"
        assert one.name == facts(one)["db.operation.name"] == "SELECT"
    assert any("FROM farm" in facts(one)["db.query.text"] for one in statements)


def test_the_log_of_a_request_names_its_trace(traced):
    _, (request, *_) = traced.collector.spans("GET /v1/farms/{farm}")

    logged = [one for one in traced.log if one.get("request_id") == "of-the-test" and one["event"] == "api.answered"]
    assert [one["trace_id"] for one in logged] == [request.trace_id.hex()]


def test_what_people_send_is_in_no_span(traced, password):
    """Neither passwords, nor names, nor the values of statements."""
    _, spans = traced.collector.spans("POST /v1/login")

    text = " ".join(map(str, spans))
    assert len(spans) > 3
    assert not any(secret in text for secret in (password, "barn-viewer", traced.token))


def test_a_collector_that_is_away_holds_nothing_up(api_url, tmp_path):
    with running(api_url, tmp_path / "log", **{ENDPOINT: "http://127.0.0.1:9"}) as (process, address):
        for _ in range(3):
            assert httpx2.get(f"{address}/health/live", timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_name_of_the_service_can_be_set(monkeypatch):
    for variables, name in (({}, "animov"), ({"OTEL_SERVICE_NAME": "barn"}, "barn")):
        for each, value in variables.items():
            monkeypatch.setenv(each, value)
        provider = tracing.provider_for({ENDPOINT: "http://127.0.0.1:9"})
        provider.shutdown()
        assert provider.resource.attributes["service.name"] == name


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {ENDPOINT: ""},
        {ENDPOINT: "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
        {ENDPOINT: "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nobody_is_told_unless_a_collector_is_named(variables):
    assert tracing.provider_for(variables) is None


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "'zipkin'"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "'grpc'"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "'http/json'"),
    ],
)
def test_what_can_not_be_done_is_refused(variables, told):
    with pytest.raises(SettingsError, match=told):
        tracing.provider_for({ENDPOINT: "http://collector:4318", **variables})


def test_an_exporter_that_is_not_installed_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is set.* extra 'telemetry'"):
        tracing.provider_for({ENDPOINT: "http://collector:4318"})


def test_neither_sdk_nor_exporter_is_loaded_unless_it_is_wanted():
    program = """
import json, os, sys
from api.health.tracing import provider_for
import api.serving
assert provider_for({}) is None
print(json.dumps(sorted(name for name in sys.modules if name.startswith("opentelemetry."))))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    loaded = json.loads(done.stdout)
    assert not [name for name in loaded if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]

"""A provider on a local port that speaks Open-Meteo's format, well and badly, and what is made of its answers."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from animov.ports import reserved_port
from forecast.regressors import open_meteo
from forecast.regressors.open_meteo import MOST_BYTES, WeatherError, fetch_weather

TODAY = datetime(2026, 6, 1, tzinfo=UTC)
UNITS = {
    "time": "unixtime",
    "temperature_2m": "°C",
    "relative_humidity_2m": "%",
    "precipitation": "mm",
    "wind_speed_10m": "m/s",
    "cloud_cover": "%",
}


def forecast(*, past_days=0, days=4):
    """The answer of a provider in good health, whose today is TODAY."""
    first = int((TODAY - timedelta(days=past_days)).timestamp())
    count = 24 * (past_days + days)
    return {
        "latitude": 46.6,
        "longitude": 0.3,
        "generationtime_ms": 0.1,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 110.0,
        "hourly_units": dict(UNITS),
        "hourly": {
            "time": [first + 3600 * hour for hour in range(count)],
            "temperature_2m": [10 + hour % 24 for hour in range(count)],
            "relative_humidity_2m": [60 + 0.5 * (hour % 24) for hour in range(count)],
            "precipitation": [0.1 * (hour % 3) for hour in range(count)],
            "wind_speed_10m": [2.5] * count,
            "cloud_cover": [hour % 101 for hour in range(count)],
        },
    }


@contextmanager
def provider(answer):
    """Serve GET requests by `answer(handler, query)`; yield the URL and the queries that came."""
    queries, quiet = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            queries.append({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
            answer(self, queries[-1])

        def log_message(self, *_):
            pass

        def reply(self, body, *, status=200, kind="application/json", length=None):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def until_the_end(self, longest_s=60):
            return quiet.wait(longest_s)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # who was given up on finds the line closed
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/forecast", queries
        finally:
            quiet.set()
            server.shutdown()
            serving.join()


def well(handler, query):
    handler.reply(json.dumps(forecast(past_days=int(query["past_days"]))).encode())


def fetched(url, key=None, **options):
    return fetch_weather(url, key, 46.6, 0.3, **{"past_days": 1, "patience_s": 60} | options)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_hours_in_a_row_are_asked_for_in_our_units_and_read():
    with provider(well) as (url, queries):
        hourly = fetched(url, "s3cret")

    assert queries == [
        {
            "latitude": "46.6000",
            "longitude": "0.3000",
            "hourly": "temperature_2m,relative_humidity_2m,precipitation,wind_speed_10m,cloud_cover",
            "timeformat": "unixtime",
            "timezone": "UTC",
            "wind_speed_unit": "ms",
            "past_days": "1",
            "forecast_days": "4",
            "apikey": "s3cret",
        }
    ]
    assert hourly.first_hour == TODAY - timedelta(days=1)
    sent = forecast(past_days=1)["hourly"]
    assert [hourly.temperature, hourly.humidity, hourly.precipitation, hourly.wind, hourly.cloud] == [
        sent[name] for name in list(UNITS)[1:]
    ]


def test_what_the_url_asks_for_already_is_kept_and_no_more_days_than_there_are_are_asked_for():
    with provider(well) as (url, queries):
        fetched(url + "?models=meteofrance_seamless", past_days=400)

    assert queries[0]["models"] == "meteofrance_seamless"
    assert queries[0]["past_days"] == "92"
    assert "apikey" not in queries[0]


def test_nulls_are_gaps():
    sent = forecast()
    sent["hourly"]["temperature_2m"][5] = None
    with provider(lambda handler, _: handler.reply(json.dumps(sent).encode())) as (url, _):
        hourly = fetched(url)

    assert [item for item, value in enumerate(hourly.temperature) if value is None] == [5]


def changed(change):
    sent = forecast()
    change(sent)
    return json.dumps(sent).encode()


def put(part, name, value):
    return changed(lambda sent: sent[part].__setitem__(name, value))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b"<html>welcome</html>", "no forecast", id="html"),
        pytest.param(b"", "no forecast", id="nothing"),
        pytest.param(b"\xff\xfe", "no forecast", id="no_text"),
        pytest.param(b"[]", "object", id="a_list"),
        pytest.param(b"[" * 100_000, "no forecast", id="deep"),
        pytest.param(b'{"hourly": {}}', "time", id="no_fields"),
        pytest.param(changed(lambda sent: sent["hourly"].pop("cloud_cover")), "cloud_cover", id="a_field_missing"),
        pytest.param(changed(lambda sent: sent.pop("hourly_units")), "hourly_units", id="no_units"),
        pytest.param(put("hourly_units", "wind_speed_10m", "km/h"), "'km/h', not in 'm/s'", id="other_unit"),
        pytest.param(put("hourly", "temperature_2m", ["12"] * 96), r"temperature_2m\[", id="text_for_numbers"),
        pytest.param(put("hourly", "temperature_2m", 12), "temperature_2m", id="a_number_for_a_list"),
        pytest.param(put("hourly", "temperature_2m", [9999] * 96), "temperature_2m", id="hotter_than_it_gets"),
        pytest.param(put("hourly", "relative_humidity_2m", [-1] * 96), "humidity", id="below_zero"),
        pytest.param(put("hourly", "precipitation", [0.0] * 95), "95 values for 96 hours", id="too_short"),
        pytest.param(put("hourly", "time", []), "time", id="no_hours"),
        pytest.param(put("hourly", "time", ["2026-06-01T00:00"] * 96), "time", id="times_as_text"),
        pytest.param(put("hourly", "time", [1_780_272_000] * 96), "one hour apart", id="one_hour_again_and_again"),
        pytest.param(
            put("hourly", "time", list(range(1_780_272_060, 1_780_272_060 + 96 * 3600, 3600))), "on the hour", id="odd"
        ),
        pytest.param(put("hourly", "time", [10**18 + 3600 * hour for hour in range(96)]), "time", id="beyond_all_time"),
        pytest.param(json.dumps(forecast()).replace("2.5", "NaN").encode(), "no forecast", id="nan"),
        pytest.param(json.dumps(forecast()).replace("2.5", "1e999").encode(), "no forecast", id="infinite"),
    ],
)
def test_garbage_is_refused_and_the_fault_is_named(body, told):
    with (
        provider(lambda handler, _: handler.reply(body)) as (url, _),
        pytest.raises(WeatherError, match=told) as refused,
    ):
        fetched(url)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        pytest.param(500, b"<html>oops</html>", "500 Internal Server Error", id="html"),
        pytest.param(400, b'{"error": true, "reason": "No such\\nplace"}', "400 No such place", id="reason"),
        pytest.param(429, b"", "429 Too Many Requests", id="too_often"),
        pytest.param(503, b'{"reason": 1}', "503 Service Unavailable", id="reason_of_a_wrong_type"),
        pytest.param(599, b"", "599", id="unknown_status"),
    ],
)
def test_a_refusal_is_told_with_the_providers_reason(status, body, told):
    with (
        provider(lambda handler, _: handler.reply(body, status=status)) as (url, _),
        pytest.raises(WeatherError, match=f"refuses: {told}"),
    ):
        fetched(url)


def slow(handler, _):
    handler.until_the_end()


def never_ending(handler, _):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 1000)


def dripping(handler, _):
    handler.send_response(200)
    handler.end_headers()
    while not handler.until_the_end(0.05):
        handler.wfile.write(b" ")


def endless(handler, _):
    handler.reply(b" " * (MOST_BYTES + 1))


def cut_off(handler, _):
    handler.reply(json.dumps(forecast()).encode()[:500], length=5000)


def cut_off_in_a_chunk(handler, _):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"1000\r\n{")


def no_http(handler, _):
    handler.wfile.write(b"220 mail.example.org ready\r\n")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(never_ending, "longer than", id="never_ending"),
        pytest.param(endless, "longer than", id="endless"),
        pytest.param(cut_off, "cut off", id="cut_off"),
        pytest.param(cut_off_in_a_chunk, "not to be reached", id="cut_off_in_a_chunk"),
        pytest.param(no_http, "not to be reached", id="no_http"),
    ],
)
def test_who_answers_badly_is_given_up(answer, told):
    with provider(answer) as (url, _), pytest.raises(WeatherError, match=told):
        fetched(url)


def test_who_does_not_answer_is_given_up():
    with provider(slow) as (url, _), pytest.raises(WeatherError, match="timed out"):
        fetched(url, patience_s=0.5)


def test_who_answers_without_an_end_is_given_up_when_the_time_is_over(monkeypatch):
    """Each byte comes in time, while a third of it goes by."""
    times = count(step=20)
    monkeypatch.setattr(open_meteo, "time", SimpleNamespace(monotonic=lambda: next(times)))
    with provider(dripping) as (url, _), pytest.raises(WeatherError, match="does not come to an end"):
        fetched(url)
    assert next(times) == 100


def test_nobody_there_is_told_without_the_key():
    with reserved_port("127.0.0.1") as port, pytest.raises(WeatherError, match="not to be reached") as refused:
        fetched(f"http://127.0.0.1:{port}/v1/forecast", "s3cret")

    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None

"""Weather is asked for each hour, kept as it came, and never in the way of anything."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from core.clock import NodeClock
from core.settings import Settings
from forecast import jobs
from forecast.regressors.fetching import keep_weather
from storage.engine import clocks
from storage.herds import herd

NOON = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)
UNITS = ("unixtime", "°C", "%", "mm", "m/s", "%")
NAMES = ("time", "temperature_2m", "relative_humidity_2m", "precipitation", "wind_speed_10m", "cloud_cover")


@pytest.fixture
def provider(monkeypatch):
    """A provider whose today is the day of NOON; `refusing` makes it fail."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            past_days = int(parse_qs(urlsplit(self.path).query)["past_days"][0])
            self.server.asked.append(past_days)
            first = int((NOON.replace(hour=0, minute=0) - timedelta(days=past_days)).timestamp())
            count = 24 * (past_days + 4)
            lists = ([first + 3600 * hour for hour in range(count)], *([20.0] * count for _ in range(5)))
            answer = {
                "hourly": dict(zip(NAMES, lists, strict=True)),
                "hourly_units": dict(zip(NAMES, UNITS, strict=True)),
            }
            self.send_response(500 if self.server.refusing else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.refusing = [], False
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@pytest.fixture
def at(engine):
    """Set the node's clock, which then stands still."""

    def stand(instant):
        with engine.begin() as connection:
            clocks.write(connection, NodeClock(0, 0, 1, instant.timestamp()))

    return stand


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        return herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3)


def settings_for(provider, tmp_path):
    return Settings(data_dir=tmp_path, weather_url=f"http://127.0.0.1:{provider.server_port}/v1/forecast")


def kept(engine):
    with engine.connect() as connection:
        query = "SELECT issued_at, fault, cardinality(temperature) FROM weather_forecast ORDER BY 1"
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_first_answer_reaches_back_and_later_ones_over_what_was_missed(engine, farm, provider, at, tmp_path):
    wanted = settings_for(provider, tmp_path)
    steps = [timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(days=3, hours=2)]
    for step in steps:
        at(NOON + step)
        keep_weather(engine, farm, wanted)

    assert provider.asked == [92, 0, 3]
    assert kept(engine) == [
        (NOON, "", 96 * 24),
        (NOON + timedelta(hours=1), "", 4 * 24),
        (NOON + timedelta(days=3, hours=2), "", 7 * 24),
    ]


def test_a_failure_is_kept_with_its_reason_and_the_next_question_is_asked_at_once(engine, farm, provider, at, tmp_path):
    wanted = settings_for(provider, tmp_path)
    provider.refusing = True
    at(NOON)
    keep_weather(engine, farm, wanted)
    provider.refusing = False
    at(NOON + timedelta(minutes=5))
    keep_weather(engine, farm, wanted)

    first, second = kept(engine)
    assert first == (NOON, "the weather provider refuses: 500 Internal Server Error", 0)
    assert second == (NOON + timedelta(minutes=5), "", 96 * 24)


def test_a_farm_without_a_place_is_not_asked_for(engine, provider, at, tmp_path):
    with engine.begin() as connection:
        nowhere = herd.ensure_farm(connection, "nowhere")
    at(NOON)
    keep_weather(engine, nowhere, settings_for(provider, tmp_path))

    assert (provider.asked, kept(engine)) == ([], [])


class Asked:
    """What the ticker asks for, in place of a queue."""

    def __init__(self):
        self.jobs = []

    async def forget(self):
        """Nothing has come to nothing."""

    async def ask(self, name, *, key, **arguments):
        self.jobs.append((name, key, arguments.get("farm_id")))


async def asked_by_tick(engine, settings):
    """Let the ticker ask once, until it looks at the clock again."""
    queue, looks = Asked(), 0

    def due(engine, grace, found=jobs._due_slot):
        nonlocal looks
        looks += 1
        if looks > 1:
            raise asyncio.CancelledError
        return found(engine, grace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "TICK_S", 0)
        patch.setattr(jobs, "_due_slot", due)
        with pytest.raises(asyncio.CancelledError):
            await jobs.tick(queue, engine, settings)
    return [job for job in queue.jobs if job[0] == jobs.WEATHER]


async def test_the_ticker_asks_for_farms_with_a_place_where_weather_is_wanted(engine, farm, provider, tmp_path):
    with engine.begin() as connection:
        herd.ensure_farm(connection, "nowhere")
    wanted = settings_for(provider, tmp_path)

    assert await asked_by_tick(engine, wanted) == [(jobs.WEATHER, f"forecast.weather:{farm}", farm)]
    assert await asked_by_tick(engine, Settings(data_dir=tmp_path)) == []


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(lambda now: NodeClock(now, now, 60, float("inf")), id="fast"),
        pytest.param(lambda now: NodeClock(now, now - 86_400, 1, float("inf")), id="yesterday"),
        pytest.param(lambda now: NodeClock(now, now + 86_400, 1, float("inf")), id="tomorrow"),
    ],
)
async def test_a_day_that_is_not_today_is_given_no_weather(engine, farm, provider, tmp_path, clock):
    """What is fetched now would tell a replayed day what it could not know, and a fast one would ask without end."""
    with engine.begin() as connection:
        clocks.write(connection, clock(datetime.now(UTC).timestamp()))

    assert await asked_by_tick(engine, settings_for(provider, tmp_path)) == []

"""Slots missed while the node was down: made up for newest first and behind the newest of all, or given up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.clock import NodeClock
from core.settings import Settings
from core.timeline import BUCKET
from forecast import jobs
from storage.engine import clocks
from storage.forecasting import forecasts
from storage.forecasting.forecasts import Missed
from storage.herds import herd

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
GRACE = timedelta(seconds=60)


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        return herd.ensure_farm(connection, "barn")


def did(connection, farm, slots):
    connection.execute(text("DELETE FROM forecast_cycle"))
    for slot in slots:
        assert forecasts.record_cycle(connection, farm, slot, series=0, seconds=0.0)


def slots(*numbers):
    return [NOON + number * BUCKET for number in numbers]


@given(st.sets(st.integers(0, 12)), st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted))
def test_missed_is_what_was_not_done_since_the_first_and_given_up_what_nobody_can_tell(engine, farm, done, span):
    start, end = span
    with engine.connect() as connection:
        did(connection, farm, slots(*done))
        found = forecasts.missed(connection, farm, NOON + start * BUCKET, NOON + end * BUCKET)
        connection.rollback()

    before = [number for number in done if number < end]
    since = min(before, default=end)
    lost = [number for number in range(max(before, default=start) + 1, start) if number not in done]
    assert found == Missed(
        tuple(slots(*(each for each in range(max(start, since), end) if each not in done))), len(lost)
    )


class Asked:
    """What the ticker asks for, in place of a queue."""

    def __init__(self):
        self.jobs = []

    async def ask(self, name, *, lane="background", priority=0, **arguments):
        if name == jobs.CYCLE:
            self.jobs.append((lane, priority, datetime.fromisoformat(arguments["slot"])))

    async def forget(self):
        """Nothing has come to nothing."""


async def asked_by_tick(engine, monkeypatch, at):
    """Let the ticker ask once at an instant, until it looks at the clock again."""
    queue, looks = Asked(), iter(range(9))
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(0, 0, 1, at.timestamp()))

    def due(engine, grace, found=jobs._due_slot):
        if next(looks):
            raise asyncio.CancelledError
        return found(engine, grace)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "TICK_S", 0)
        patch.setattr(jobs, "_due_slot", due)
        with pytest.raises(asyncio.CancelledError):
            await jobs.tick(queue, engine, Settings())
    return queue.jobs


async def test_the_newest_slot_has_its_own_lane_and_the_missed_stand_behind_it_newest_first(engine, farm, monkeypatch):
    with engine.begin() as connection:
        did(connection, farm, slots(0, 2))

    asked = await asked_by_tick(engine, monkeypatch, NOON + 5 * BUCKET + GRACE)

    newest, *missed = slots(5, 4, 3, 1)
    assert asked == [("cycle", 0, newest), *(("background", jobs.BEHIND, slot) for slot in missed)]


async def test_a_farm_without_a_past_has_missed_nothing(engine, farm, monkeypatch):
    assert await asked_by_tick(engine, monkeypatch, NOON + GRACE) == [("cycle", 0, NOON)]


async def test_what_is_older_than_the_horizon_is_given_up_in_a_line(engine, farm, monkeypatch, capfd):
    with engine.begin() as connection:
        did(connection, farm, [NOON - jobs.CATCH_UP - 3 * BUCKET])

    asked = await asked_by_tick(engine, monkeypatch, NOON + GRACE)

    assert [slot for _, _, slot in asked] == [NOON - number * BUCKET for number in range(193)]
    line = next(line for line in "".join(capfd.readouterr()).splitlines() if "cycles.given_up" in line)
    assert "slots=2" in line


@pytest.mark.parametrize(
    ("after", "late"),
    [
        pytest.param(GRACE, False, id="in_its_time"),
        pytest.param(BUCKET - timedelta(milliseconds=1), False, id="slowly"),
        pytest.param(BUCKET, True, id="when_the_first_step_is_over"),
        pytest.param(10 * BUCKET, True, id="after_a_downtime"),
    ],
)
def test_a_slot_is_late_once_its_first_step_is_over(engine, after, late):
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(0, 0, 1, (NOON + after).timestamp()))

    assert jobs._is_late(engine, NOON) is late

"""What makes a server ready, and what of it anybody may know."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from api.forms.answers import Answer
from api.health.probe import Seen
from core.timeline import BUCKET
from storage.upkeep.readiness import State

LONGEST_WAIT_S: Final[Mapping[str, float]] = {"answer": 300, "cycle": 900, "training": 86_400}
"""Seconds of the wall after which a job that still waits means that nobody does those of its lane: somebody waits for
an answer, the next cycle is due after a quarter of an hour, and a training may wait for others, which take minutes."""

LONGEST_WAIT_ELSEWHERE_S: Final = 3600.0
"""The same of all other lanes."""

LONGEST_UNREAD_S: Final = 60.0
"""Seconds of the wall after which a reading that still waits means that nobody reads: a few hundredths are usual."""


class DatabaseCheck(Answer):
    """Whether the database answers."""

    ok: bool = Field(description="It answered within a second.", examples=[True])
    seconds: float = Field(description="How long it took, or was waited for.", examples=[0.012])


class MigrationsCheck(Answer):
    """Whether the tables are those that this program wants."""

    ok: bool | None = Field(description="Null where the database does not answer.", examples=[True])


class QueueCheck(Answer):
    """Whether somebody does the jobs."""

    ok: bool | None = Field(
        description="No job has waited for too long: 5 minutes where somebody waits for the answer, 15 for a cycle of "
        "forecasts, a day for a training, an hour for all others. Null where that is not known.",
        examples=[True],
    )
    waiting: int | None = Field(description="Jobs that are due and wait.", examples=[3])
    oldest_s: float | None = Field(
        description="Seconds for which the oldest of them has waited; null where none waits.", examples=[1.5]
    )
    late: list[str] | None = Field(description="Lanes in which one has waited for too long.", examples=[["cycle"]])


class LagCheck(Answer):
    """Whether what was sent is read."""

    ok: bool | None = Field(
        description="No reading sent by HTTP has waited for a minute. That no collar speaks is no lag. Null where that "
        "is not known.",
        examples=[True],
    )
    waiting: int | None = Field(description="Readings sent by HTTP that are still to be read.", examples=[0])
    oldest_s: float | None = Field(
        description="Seconds for which the oldest of them has waited; null where none waits.", examples=[0.02]
    )
    last_window: datetime | None = Field(
        description="Start of the newest 15 minutes of which anything was heard; null before the first.",
        examples=["2026-03-29T01:00:00Z"],
    )
    last_window_age_s: float | None = Field(
        description="Seconds since these 15 minutes ended; 0 while they last.", examples=[312.5]
    )


class Checks(Answer):
    """What was looked at."""

    database: DatabaseCheck
    migrations: MigrationsCheck
    queue: QueueCheck
    lag: LagCheck

    def failed(self) -> list[str]:
        """Return the names of what is not as it should be."""
        found = {name: getattr(self, name).ok for name in type(self).model_fields}
        return [name for name, ok in found.items() if ok is False]


def judge(seen: Seen) -> Checks:
    """Hold what was seen against the limits."""
    state = seen.state
    return Checks(
        database=DatabaseCheck(ok=seen.reachable, seconds=round(seen.seconds, 3)),
        migrations=MigrationsCheck(ok=state is not None if seen.reachable else None),
        queue=QueueCheck(ok=None, waiting=None, oldest_s=None, late=None) if state is None else _queue(state),
        lag=_unknown_lag() if state is None else _lag(state),
    )


def _queue(state: State) -> QueueCheck:
    waits = {jobs.lane: jobs.oldest_s for jobs in state.jobs if jobs.oldest_s is not None}
    late = [lane for lane, wait_s in waits.items() if wait_s > LONGEST_WAIT_S.get(lane, LONGEST_WAIT_ELSEWHERE_S)]
    waiting = sum(jobs.waiting for jobs in state.jobs)
    return QueueCheck(ok=not late, waiting=waiting, oldest_s=_rounded(max(waits.values(), default=None)), late=late)


def _lag(state: State) -> LagCheck:
    return LagCheck(
        ok=state.posted_oldest_s is None or state.posted_oldest_s <= LONGEST_UNREAD_S,
        waiting=state.posted,
        oldest_s=_rounded(state.posted_oldest_s),
        last_window=state.last_window,
        last_window_age_s=window_age_s(state),
    )


def _unknown_lag() -> LagCheck:
    return LagCheck(ok=None, waiting=None, oldest_s=None, last_window=None, last_window_age_s=None)


def window_age_s(state: State) -> float | None:
    """Return the seconds, of the node's clock, since the newest window ended; `None` before the first."""
    if state.last_window is None:
        return None
    return max((state.now - (state.last_window + BUCKET)) / timedelta(seconds=1), 0)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

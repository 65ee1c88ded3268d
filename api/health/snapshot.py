"""What a look at the node says, as metrics; numbers of the whole node, so that no farm is named."""

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.health.checks import window_age_s
from api.health.probe import Seen
from storage.upkeep.readiness import State


class Snapshot(Collector):
    """The metrics of one look."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; where the database is away, that it is."""
        seen = self._seen
        yield _one("animov_database_up", "Whether the database answered within a second.", seen.reachable)
        yield _one("animov_database_probe_seconds", "How long that took, or was waited for.", seen.seconds)
        if seen.reachable:
            current = seen.state is not None
            yield _one("animov_database_current", "Whether its tables are those that this program wants.", current)
        if seen.state is not None:
            yield from _jobs(seen.state)
            yield from _lag(seen.state)


def _jobs(state: State) -> Iterator[Metric]:
    number = GaugeMetricFamily(
        "animov_jobs",
        "Jobs by lane: due and waiting, under way, failed for good in the last day.",
        labels=("lane", "state"),
    )
    oldest = GaugeMetricFamily(
        "animov_job_oldest_waiting_seconds", "For how long the oldest job that is due has waited.", labels=("lane",)
    )
    for lane in state.jobs:
        for name in ("waiting", "under_way", "failed"):
            number.add_metric((lane.lane, name), getattr(lane, name))
        oldest.add_metric((lane.lane,), lane.oldest_s or 0)
    yield number
    yield oldest


def _lag(state: State) -> Iterator[Metric]:
    yield _one("animov_posted_messages_waiting", "Messages sent by HTTP that are still to be read.", state.posted)
    yield _one(
        "animov_posted_message_oldest_waiting_seconds",
        "For how long the oldest of them has waited.",
        state.posted_oldest_s or 0,
    )
    window_s = window_age_s(state)
    if window_s is not None:
        yield _one(
            "animov_newest_window_age_seconds",
            "Seconds of the node's clock since the end of the newest 15 minutes of which anything was heard.",
            window_s,
        )
    if state.last_slot is not None:
        yield _one(
            "animov_newest_forecast_age_seconds",
            "Seconds of the node's clock since the newest slot that was forecast.",
            (state.now - state.last_slot) / timedelta(seconds=1),
        )


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)

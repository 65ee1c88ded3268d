"""What bridges and workers have counted, as metrics of Prometheus; numbers that name no farm."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

if TYPE_CHECKING:
    from ingest.kafka.bridge import Bridge
    from ingest.mqtt.endpoint import Statistics
    from ingest.subscription import SubscriberStatistics
    from stream.cluster.worker import WorkerCounts
    from stream.runner import FlushCounts


def of_subscriber(seen: "SubscriberStatistics") -> Iterator[Metric]:
    """Yield what a broker has delivered."""
    yield _now(
        "animov_mqtt_subscribed", "Whether the broker has taken our subscription, and is there.", seen.subscribed
    )
    yield _count("animov_mqtt_messages", "Messages delivered.", seen.messages)
    yield _now("animov_mqtt_unsettled_messages", "Messages delivered and not acknowledged yet.", seen.unsettled)
    yield _count("animov_mqtt_connections", "Times that the broker has let us in.", seen.connections)
    yield _count("animov_mqtt_sessions_lost", "Times that the broker had forgotten our session.", seen.sessions_lost)
    yield _count(
        "animov_mqtt_taken_over", "Times that another client seems to have come with our client id.", seen.taken_over
    )
    if seen.broker_dropped is not None:
        told = "Messages that the broker has thrown away, for any client, since we first asked."
        yield _count("animov_mqtt_broker_dropped_messages", told, seen.broker_dropped)


def of_endpoint(seen: "Statistics") -> Iterator[Metric]:
    """Yield what collars have brought to our own endpoint."""
    yield _now("animov_mqtt_open_connections", "Connections that are open.", seen.connections)
    yield _count("animov_mqtt_messages", "Messages delivered.", seen.messages)
    yield _count("animov_mqtt_bytes", "Their bytes on the wire.", seen.bytes)
    yield _now(
        "animov_mqtt_unsettled_messages", "Messages delivered and not acknowledged yet.", seen.unsettled_messages
    )
    yield _now("animov_mqtt_unsettled_bytes", "Their bytes on the wire.", seen.unsettled_bytes)
    yield _count("animov_mqtt_pauses", "Times that reading stopped because too much was unsettled.", seen.pauses)
    refused = CounterMetricFamily("animov_mqtt_refusals", "What was refused, by reason.", labels=("reason",))
    for reason, times in seen.refused.items():
        refused.add_metric((reason,), times)
    yield refused


def of_bridge(bridge: "Bridge") -> Iterator[Metric]:
    """Yield what was brought to Kafka."""
    counts = bridge.counts
    yield _count("animov_bridge_messages", "Messages that Kafka has.", counts.messages)
    yield _count("animov_bridge_records", "Records that Kafka has.", counts.records)
    yield _count("animov_bridge_bytes", "Their bytes, before compression.", counts.bytes)
    yield _count("animov_bridge_refused_messages", "Messages that are too large for Kafka.", counts.refused)
    yield _count("animov_bridge_producer_failures", "Times that a producer failed and was replaced.", counts.failures)
    yield _now("animov_bridge_waiting_records", "Records that Kafka has not acknowledged.", counts.waiting)
    yield _now("animov_bridge_waiting_bytes", "Their bytes, before compression.", counts.waiting_bytes)
    told = "For how long the oldest of them has waited."
    yield _now("animov_bridge_oldest_waiting_seconds", told, bridge.oldest_waiting_s())


def of_worker(counts: "WorkerCounts") -> Iterator[Metric]:
    """Yield what was read from Kafka."""
    yield _count("animov_worker_records", "Records read.", counts.records)
    yield _count("animov_worker_messages", "Messages in them.", counts.messages)
    yield _count("animov_worker_offset_commits", "Commits of offsets that Kafka has taken.", counts.offset_commits)
    yield _now("animov_worker_partitions", "Partitions that this worker reads.", len(counts.lag))
    yield _by_partition("animov_worker_lag_records", "Records that are there and not read.", counts.lag)


def of_flushes(counts: "FlushCounts") -> Iterator[Metric]:
    """Yield what was committed to the database."""
    told = "From the beginning of a flush to its commit, attempts that failed included."
    yield SummaryMetricFamily("animov_flush_seconds", told, counts.flushes, counts.seconds)
    yield _count("animov_flush_messages", "Messages committed.", counts.messages)
    yield _count("animov_flush_keys", "Rows of evidence that they touched.", counts.keys)
    yield _count("animov_flush_rejected_messages", "Messages refused and kept for people to look at.", counts.rejected)
    yield _count("animov_flush_dropped_messages", "Messages of farms that are deleted.", counts.dropped)
    yield _count("animov_flush_retries", "Attempts that failed because the database was away or busy.", counts.retries)


def _count(name: str, told: str, value: float) -> Metric:
    return CounterMetricFamily(name, told, value=value)


def _now(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _by_partition(name: str, told: str, values: Mapping[int, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=("partition",))
    for partition, value in sorted(values.items()):
        family.add_metric((str(partition),), value)
    return family

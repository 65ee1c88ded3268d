"""A worker of the cluster as a process: records from Kafka, committed as one machine would."""

from animov import figures
from animov.bridging import topic_of
from animov.edge import decoder_for, flushing, followed_clock, posted_to, reporting
from animov.lifeline import say_ready
from animov.signals import ended_by_signals
from animov.vitals import Vitals, shown
from core.delivery import Decode
from core.settings import Settings
from ingest.kafka.topic import ensured
from storage.evidence.registry import Registry
from storage.upkeep.provision import Access
from stream.cluster.group import Membership
from stream.cluster.records import refusing_records
from stream.cluster.worker import working


async def run_worker(access: Access, settings: Settings) -> None:
    """Share the topic's partitions with the other workers of the group until told to stop.

    Raises:
        BaseExceptionGroup: Faust or Kafka gave up, or nothing was committed for too long: start another.
    """
    async with shown(settings) as vitals:
        await ensured(topic_of(settings))
        await _work(access, settings, vitals)


async def _work(access: Access, settings: Settings, vitals: Vitals) -> None:
    topic = topic_of(settings)
    membership = Membership(
        brokers=topic.brokers,
        topic=topic.name,
        group=settings.kafka_group,
        login=topic.login,
        open_bytes=settings.inbox_bytes,
        patience_s=settings.commit_patience.total_seconds(),
    )

    def make_decoder(known: Registry) -> Decode:
        return refusing_records(decoder_for(settings, known))

    async with (
        followed_clock(access) as clock,
        flushing(access, settings, clock, make_decoder) as runner,
        posted_to(access, runner),
        working(membership, runner) as worker,
        reporting("worker.counts", lambda: {"read": worker.counts, "committed": runner.counts}),
    ):
        vitals.figures = lambda: (*figures.of_worker(worker.counts), *figures.of_flushes(runner.counts))
        vitals.ailments = worker.ailments
        told = ended_by_signals()
        say_ready(kafka=topic.brokers, group=membership.group, **vitals.facts)
        await told.wait()

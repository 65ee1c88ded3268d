"""The messages of a simulated herd, in the order in which they fall due, faults included."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import pairwise
from typing import Final

import numpy as np

from core.readings import Span
from ingest.decoding import Form, posture_payload, topic_of
from ingest.simulation.batches import Batches
from ingest.simulation.damage import damaged, repeated
from ingest.simulation.due import Due
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.outages import Fate, outages
from ingest.simulation.truth import truth

HOUR_MS: Final = 3_600_000

AGAIN_MS: Final = 5_000
"""Milliseconds after which a duplicate of a batch follows."""


def sample_messages(
    herd: Herd,
    start_ms: int,
    end_ms: int,
    *,
    hz: float = 10,
    batch_s: int = 10,
    form: Form = "json",
    animals: Sequence[Animal] | None = None,
) -> Iterator[Due]:
    """Yield the acceleration messages due in `[start_ms, end_ms)`; a batch is due when its time is over.

    Ranges continue each other: two neighbouring ones yield what one range over both yields.

    Args:
        herd: Whose collars.
        start_ms: Milliseconds since 1970, inclusive.
        end_ms: Milliseconds since 1970, exclusive.
        hz: Samples a second; if it is no whole number the batches carry `dt_ms`.
        batch_s: Seconds of one batch; a batch has at least one sample.
        form: JSON in g with three decimals, or the more compact MessagePack in whole mg.
        animals: Only the tags of these; all if left out.
    """
    batches = Batches(herd, herd.animals if animals is None else animals, hz, 1000 * batch_s, form)
    upload_ms = round(HOUR_MS * herd.settings.faults.upload_h)
    heard = batches.due(start_ms, end_ms, Fate.HEARD)
    again = batches.due(start_ms - AGAIN_MS, end_ms - AGAIN_MS, Fate.HEARD, twice=True)
    late = batches.due(start_ms - upload_ms, end_ms - upload_ms, Fate.REMEMBERED)
    return merge(heard, _delayed(again, AGAIN_MS), _delayed(late, upload_ms))


def posture_messages(
    herd: Herd, start_ms: int, end_ms: int, *, upload_h: float = 6, form: Form = "json"
) -> Iterator[Due]:
    """Yield the postures of `[start_ms, end_ms)` as spans, the way tags upload their memory every few hours.

    The spans of an upload are due at its end, or at `end_ms` if that is earlier; one message each. What happened
    while the battery was empty is missing; being out of reach costs a tag with a memory nothing.
    """
    step = round(HOUR_MS * upload_h)
    edges = [start_ms, *range((start_ms // step + 1) * step, end_ms, step), end_ms]
    for since, until in pairwise(edges):
        for animal in herd.animals:
            yield from _upload(herd, animal, _remembered(herd, animal, since, until), until, form)


def _upload(herd: Herd, animal: Animal, spans: list[Span], due_ms: int, form: Form) -> Iterator[Due]:
    topic, skew = topic_of(animal.collar, "posture"), animal.clock_offset_ms
    payloads = [posture_payload(span.t0 + skew, span.t1 + skew, span.posture, form=form) for span in spans]
    starts = np.array([span.t0 for span in spans], dtype=np.int64)
    twice = repeated(herd.settings, animal, starts)
    for payload, again in zip(damaged(herd.settings, animal, starts, payloads), twice, strict=True):
        yield Due(due_ms, topic, payload)
        if again:
            yield Due(due_ms, topic, payload)


def _remembered(herd: Herd, animal: Animal, start_ms: int, end_ms: int) -> list[Span]:
    """Return the spans of a range without the times of an empty battery."""
    empty = [outage for outage in outages(herd.settings, animal, start_ms, end_ms) if outage.battery]
    spans, since = [], start_ms
    for outage in empty:
        spans += truth(herd, animal, since, max(since, outage.start_ms))
        since = min(max(since, outage.end_ms), end_ms)
    return spans + truth(herd, animal, since, end_ms)


def _delayed(messages: Iterator[Due], by_ms: int) -> Iterator[Due]:
    return (message._replace(due_ms=message.due_ms + by_ms) for message in messages)

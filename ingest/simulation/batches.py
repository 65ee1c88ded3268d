"""Batches of acceleration on each collar's own grid of time."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from ingest.decoding import Form, samples_payload, topic_of
from ingest.simulation.acceleration import acceleration
from ingest.simulation.damage import damaged, repeated
from ingest.simulation.draws import Floats, Integers
from ingest.simulation.due import Due
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.outages import Fate, fate, outages
from ingest.simulation.truth import stances

CHUNK: Final = 6
"""Batches of each collar that are made at a time: enough to be quick, few enough to be soon."""


class Batches(NamedTuple):
    """How a herd's collars send acceleration.

    Attributes:
        herd: Whose collars.
        animals: Those of its animals that send.
        hz: Samples a second.
        length_ms: Milliseconds of one batch.
        form: How payloads are written.
    """

    herd: Herd
    animals: Sequence[Animal]
    hz: float
    length_ms: int
    form: Form

    def due(self, start_ms: int, end_ms: int, wanted: Fate, *, twice: bool = False) -> Iterator[Due]:
        """Yield in order the messages due in `[start_ms, end_ms)` that have one fate, or those that arrive twice."""
        for since in range(start_ms, end_ms, CHUNK * self.length_ms):
            until = min(since + CHUNK * self.length_ms, end_ms)
            chunk = [
                message
                for animal in self.animals
                if len(ends := self._ends(animal, since, until, wanted, twice=twice))
                for message in self._messages(animal, ends)
            ]
            yield from sorted(chunk)

    def _ends(self, animal: Animal, since: int, until: int, wanted: Fate, *, twice: bool) -> Integers:
        """Return when the batches of a collar end that are due in `[since, until)`."""
        phase = int(animal.phase * self.length_ms)
        numbers = np.arange(-((phase - since) // self.length_ms), -((phase - until) // self.length_ms))
        ends = numbers * self.length_ms + phase
        known = outages(self.herd.settings, animal, since, until)
        ends = ends[[fate(known, end) is wanted for end in ends.tolist()]]
        return ends[repeated(self.herd.settings, animal, ends)] if twice else ends

    def _messages(self, animal: Animal, ends: Integers) -> Iterator[Due]:
        settings, offsets = self.herd.settings, self._offsets()
        starts = ends - self.length_ms
        times = np.add.outer(starts, offsets)
        xyz = acceleration(settings, animal, times.ravel(), stances(self.herd, animal, times.ravel()))
        payloads = self._payloads(starts + animal.clock_offset_ms, offsets, xyz.reshape(*times.shape, 3))
        topic = topic_of(animal.collar, "samples")
        for end, payload in zip(ends.tolist(), damaged(settings, animal, starts, payloads), strict=True):
            yield Due(end, topic, payload)

    def _offsets(self) -> list[int]:
        count = max(1, int(self.hz * self.length_ms / 1000))
        return [round(1000 * number / self.hz) for number in range(count)]

    def _payloads(self, starts: Integers, offsets: list[int], xyz: Floats) -> list[bytes]:
        compact = self.form == "msgpack"
        numbers = np.rint(1000 * xyz).astype(int).tolist() if compact else np.round(xyz, 3).tolist()
        whole = float(self.hz).is_integer()
        return [
            samples_payload(
                batch,
                t0=start,
                hz=int(self.hz) if whole else None,
                dt_ms=None if whole else offsets,
                unit="mg" if compact else "g",
                seq=start // self.length_ms,
                form=self.form,
            )
            for start, batch in zip(starts.tolist(), numbers, strict=True)
        ]

"""What a load generator is to send, told in a few numbers, so that two processes can know the same messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bench import herds
from bench.herds import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A herd of leg tags that speak in time order.

    Attributes:
        farm: Name of the farm; each load has its own.
        collars: How many tags.
        size: Samples of one message; 1 is a single event.
        hz: Samples of a tag in a second.
        seed: Of the bouts.
    """

    farm: str
    collars: int
    size: int
    hz: int
    seed: int

    def events(self, messages: int) -> list[Event]:
        """Return the samples of the first so many messages."""
        count = messages * self.size
        whole = count if self.size == 1 else -(-messages // self.collars) * self.collars * self.size
        drawn = herds.in_time_order(whole, collars=self.collars, every_ms=1000 // self.hz, seed=self.seed)
        return drawn if whole == count else self._of_first(messages, drawn)

    def messages(self, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        """Return the messages `[start, stop)` as topic and payload."""
        if self.size == 1:
            written = herds.single(self.farm, self.events(stop))
        else:
            whole = -(-stop // self.collars) * self.collars
            written = herds.batched(self.farm, self.events(whole), collars=self.collars, size=self.size, hz=self.hz)
        return islice(written, start, stop)

    def _of_first(self, messages: int, drawn: list[Event]) -> list[Event]:
        """Leave out the samples of the last round of batches that belong to messages not asked for."""
        last = (messages // self.collars) * self.collars * self.size
        return drawn[:last] + [event for event in drawn[last:] if int(event.collar) < messages % self.collars]

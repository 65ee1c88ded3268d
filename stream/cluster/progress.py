"""How far a worker is with each partition: what it has taken, and up to where all of it is committed."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Taken:
    """Records `[first, following)` of a partition; `settled` when all that they say is committed."""

    partition: int
    first: int
    following: int
    settled: bool = False


@dataclass(slots=True)
class _Lane:
    following: int
    open: deque[Taken] = field(default_factory=deque)


class Progress:
    """The records of one assignment of partitions, in order.

    Offsets are Kafka's: the one to commit is that of the first record that is not safe yet. A partition that is
    assigned anew is forgotten first; what was taken before then and is settled later counts no more.
    """

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane] = {}
        self._safe: dict[int, int] = {}
        self.advances = 0

    @property
    def open(self) -> int:
        """How many records are taken and not settled."""
        return sum(one.following - one.first for lane in self._lanes.values() for one in lane.open)

    def forget(self) -> None:
        """Begin anew: the partitions were assigned anew."""
        self._lanes.clear()
        self._safe.clear()

    def following(self, partition: int) -> int | None:
        """Return the offset of the record that comes next; `None` if none has come yet."""
        lane = self._lanes.get(partition)
        return None if lane is None else lane.following

    def take(self, partition: int, first: int, following: int) -> Taken:
        """Note records `[first, following)` that were read.

        One that was read before begins its partition anew: reading went back to what Kafka knows as committed.
        """
        lane = self._lanes.get(partition)
        if lane is None or first < lane.following:
            lane = self._lanes[partition] = _Lane(first)
            self._safe.pop(partition, None)
        taken = Taken(partition, first, following)
        lane.open.append(taken)
        lane.following = following
        return taken

    def settle(self, taken: Taken) -> None:
        """Note that all that records say is committed."""
        taken.settled = True
        lane = self._lanes.get(taken.partition)
        if lane is None:
            return
        while lane.open and lane.open[0].settled:
            done = lane.open.popleft()
            self._safe[done.partition] = done.following
            self.advances += done.following - done.first

    def safe(self) -> Mapping[int, int]:
        """Return by partition the offset to commit, of those that moved since this was last asked."""
        safe, self._safe = self._safe, {}
        return safe

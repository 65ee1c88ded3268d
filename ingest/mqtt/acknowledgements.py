"""What is owed to one client, in order of receipt (MQTT 5.0, section 4.6)."""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Debt:
    """The acknowledgements of one batch.

    Attributes:
        replies: Packets to be sent when the batch and all before it are settled.
        count: How many they are.
        packet_ids: Identifiers of QoS 2 messages among them.
        settled: Whether the batch is committed.
    """

    replies: bytes
    count: int
    packet_ids: list[int]
    settled: bool = False


class Acknowledgements:
    """A queue of debts that is paid from its head only, so that a late batch holds back those after it.

    Attributes:
        count: Acknowledgements that are owed.
    """

    __slots__ = ("_debts", "count")

    def __init__(self) -> None:
        self._debts: deque[Debt] = deque()
        self.count = 0

    def owe(self, replies: list[bytes], packet_ids: list[int]) -> Debt:
        """Remember what is owed for a batch that was just received."""
        debt = Debt(b"".join(replies), len(replies), packet_ids)
        self._debts.append(debt)
        self.count += debt.count
        return debt

    def settle(self, debt: Debt) -> list[Debt]:
        """Mark a batch as committed and return the debts, in order, that can be paid now."""
        debt.settled = True
        payable = []
        while self._debts and self._debts[0].settled:
            payable.append(self._debts.popleft())
            self.count -= payable[-1].count
        return payable

    def cancel(self) -> list[Debt]:
        """Forget all that is owed, because the client has gone, and return it."""
        debts, self._debts, self.count = list(self._debts), deque(), 0
        return debts

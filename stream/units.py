"""Units of work: messages and what they contribute, gathered until the next flush takes them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from core.delivery import Batch, Decode
from core.readings import CollarName, Message, Reading, Rejected, Status
from storage.evidence.registry import EMPTY, Registry
from storage.evidence.sink import Unit
from stream.contributed import Contributed
from stream.contribution import Read, reader_of
from stream.neck_telling import tell


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """Who listens to a collar: its ids, and what reads it."""

    collar_id: int
    farm_id: int
    read: Read


class Ears:
    """Who listens to whom, by one snapshot of the registry.

    Attributes:
        registry: The snapshot.
        decode: The decoder for its device aliases.
    """

    def __init__(self, decode: Decode, registry: Registry = EMPTY) -> None:
        self.registry = registry
        self.decode = decode
        self._listeners: dict[CollarName, Listener] = {}

    def of(self, name: CollarName) -> Listener | None:
        """Return who listens to a collar; `None` for a collar that the registry does not know."""
        listener = self._listeners.get(name)
        if listener is None and (collar := self.registry.collars.get(name)) is not None:
            listener = self._listeners[name] = Listener(collar.id, collar.farm_id, reader_of(collar))
        return listener


@dataclass(slots=True)
class Gathering:
    """Messages whose contributions are merged already, waiting for one flush.

    Attributes:
        unit: What will be committed.
        messages: All messages of the unit, kept so that it can be made again.
        unknown: Collars that no registry knew; the messages that name them are in `postponed`.
        dropped: Messages of farms that were deleted.
        settle: Whom to tell after the commit, in order of arrival.
        contributed: What the messages contribute; a part of the unit once it is told (`told`).
    """

    unit: Unit = field(default_factory=Unit)
    messages: list[Message] = field(default_factory=list)
    unknown: set[CollarName] = field(default_factory=set)
    postponed: list[Message] = field(default_factory=list)
    dropped: int = 0
    settle: list[Callable[[], None]] = field(default_factory=list)
    contributed: Contributed = field(init=False)

    def __post_init__(self) -> None:
        self.contributed = Contributed(self.unit.evidence, self.unit.motions)

    def told(self) -> Unit:
        """Return the unit with all that its messages tell."""
        tell(self.contributed)
        return self.unit


def gather(waiting: list[Gathering], batch: Batch, ears: Ears, most_keys: int) -> None:
    """Add a batch to the last waiting unit, beginning new ones as units become full.

    A unit is full when it has its keys, or messages enough for one transaction. Keys are known when messages come,
    whatever they will be found to tell; a unit that is full keeps no samples. A batch is settled with the unit that
    holds its last message.
    """
    current = waiting[-1] if waiting else _begin(waiting)
    for message in batch.messages:
        if len(current.unit.evidence) >= most_keys or len(current.messages) >= 10 * most_keys:
            current.told()
            current = _begin(waiting)
        current.messages.append(message)
        add(current, message, ears)
    current.settle.append(batch.settle)


def add(gathering: Gathering, message: Message, ears: Ears) -> None:
    """Decode one message and merge what it contributes; one from an unknown collar is postponed.

    One of a farm that was deleted is dropped: nothing of it is kept, not even as rejected.
    """
    decoded = ears.decode(message)
    if isinstance(decoded, Rejected):
        gathering.unit.rejected.append((message, decoded))
        return
    if len(decoded) == 1:  # all but the messages of some network servers
        name, reading = decoded[0]
        listener = ears.of(name)
        if listener is not None:
            _keep(gathering.unit, message, listener.farm_id, ears.registry)
            _read(gathering, listener, reading)
            return
    heard = [one for one in decoded if ears.of(one.collar) or not ears.registry.is_of_gone_farm(one.collar)]
    gathering.dropped += bool(decoded) and not heard
    listeners = [listener for name, _ in heard if (listener := ears.of(name)) is not None]
    if len(listeners) < len(heard):
        gathering.unknown.update(one.collar for one in heard)
        gathering.postponed.append(message)
        return
    kept_for = None
    for listener, (_, reading) in zip(listeners, heard, strict=True):
        if listener.farm_id != kept_for:
            kept_for = listener.farm_id
            _keep(gathering.unit, message, kept_for, ears.registry)
        _read(gathering, listener, reading)


def remade(messages: Iterable[Message], ears: Ears) -> Gathering:
    """Make a unit again from its messages, with another registry."""
    gathering = Gathering(messages=list(messages))
    for message in gathering.messages:
        add(gathering, message, ears)
    return gathering


def halves(messages: list[Message]) -> Iterator[list[Message]]:
    """Cut messages in two, to find the one that the database refuses."""
    middle = len(messages) // 2
    yield messages[:middle]
    yield messages[middle:]


def _begin(waiting: list[Gathering]) -> Gathering:
    waiting.append(Gathering())
    return waiting[-1]


def _keep(unit: Unit, message: Message, farm_id: int, registry: Registry) -> None:
    kept = unit.admitted.get(farm_id)
    if kept is None:
        unit.admitted[farm_id] = [message]
        unit.registry[farm_id] = registry.versions[farm_id]
    else:
        kept.append(message)


def _read(gathering: Gathering, listener: Listener, reading: Reading) -> None:
    if type(reading) is Status:
        gathering.unit.status.append((listener.collar_id, reading))
    else:
        listener.read(gathering.contributed, reading)

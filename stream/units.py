"""Units of work: messages and what they contribute, gathered until the next flush takes them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from core.delivery import Batch, Decode
from core.readings import CollarName, Heard, Message, Rejected, Status
from storage.registry import Registry
from storage.sink import Unit
from stream.contribution import contribute


@dataclass(slots=True)
class Gathering:
    """Messages whose contributions are merged already, waiting for one flush.

    Attributes:
        unit: What will be committed.
        messages: All messages of the unit, kept so that it can be made again.
        unknown: Collars that no registry knew; the messages that name them are in `postponed`.
        settle: Whom to tell after the commit, in order of arrival.
    """

    unit: Unit = field(default_factory=Unit)
    messages: list[Message] = field(default_factory=list)
    unknown: set[CollarName] = field(default_factory=set)
    postponed: list[Message] = field(default_factory=list)
    settle: list[Callable[[], None]] = field(default_factory=list)


def gather(waiting: list[Gathering], batch: Batch, decode: Decode, registry: Registry, most_keys: int) -> None:
    """Add a batch to the last waiting unit, beginning new ones as units become full.

    A batch is settled with the unit that holds its last message.
    """
    current = waiting[-1] if waiting and not is_full(waiting[-1], most_keys) else _begin(waiting)
    for message in batch.messages:
        if is_full(current, most_keys):
            current = _begin(waiting)
        current.messages.append(message)
        add(current, message, decode, registry)
    current.settle.append(batch.settle)


def is_full(gathering: Gathering, most_keys: int) -> bool:
    """Tell whether a unit should be closed: it has its keys, or messages enough for one transaction."""
    return len(gathering.unit.evidence) >= most_keys or len(gathering.messages) >= 25 * most_keys


def add(gathering: Gathering, message: Message, decode: Decode, registry: Registry) -> None:
    """Decode one message and merge what it contributes; one from an unknown collar is postponed."""
    decoded = decode(message)
    unit = gathering.unit
    if isinstance(decoded, Rejected):
        unit.rejected.append((message, decoded))
        return
    collars = registry.collars
    strangers = [heard.collar for heard in decoded if heard.collar not in collars]
    if strangers:
        gathering.unknown.update(strangers)
        gathering.postponed.append(message)
        return
    for heard in decoded:
        _add_heard(unit, heard, registry)
    for farm_id in {collars[heard.collar].farm_id for heard in decoded}:
        unit.admitted.setdefault(farm_id, []).append(message)


def remade(messages: Iterable[Message], decode: Decode, registry: Registry) -> Gathering:
    """Make a unit again from its messages, with another registry."""
    gathering = Gathering(messages=list(messages))
    for message in gathering.messages:
        add(gathering, message, decode, registry)
    return gathering


def halves(messages: list[Message]) -> Iterator[list[Message]]:
    """Cut messages in two, to find the one that the database refuses."""
    middle = len(messages) // 2
    yield messages[:middle]
    yield messages[middle:]


def _begin(waiting: list[Gathering]) -> Gathering:
    waiting.append(Gathering())
    return waiting[-1]


def _add_heard(unit: Unit, heard: Heard, registry: Registry) -> None:
    collar = registry.collars[heard.collar]
    unit.registry[collar.farm_id] = registry.versions[collar.farm_id]
    if isinstance(heard.reading, Status):
        held = unit.status.get(collar.id)
        unit.status[collar.id] = heard.reading if held is None or heard.reading.at >= held.at else held
    else:
        contribute(unit.evidence, collar, heard.reading)

"""Reading a collar's past again: the raw messages that are kept, in a generation that nobody reads yet."""

from collections.abc import Iterable

from core.delivery import Decode
from core.readings import CollarName, Message, Rejected, Status
from storage import registry as registries
from storage import sink
from storage.sink import Unit
from stream.contribution import Read, reader_of
from stream.runner import MakeDecoder


async def recompute(
    url: str,
    make_decoder: MakeDecoder,
    name: CollarName,
    generation: int,
    packs: Iterable[list[Message]],
    *,
    most_keys: int,
) -> int:
    """Write the evidence of one generation of a collar from raw messages; return how many of them were the collar's.

    Merging makes this safe to repeat and safe beside live data. Calibrations of a generation are made with it, so the
    registry that is loaded here stays right to the end.

    Args:
        url: The database, as the role that may write evidence.
        make_decoder: As for the runner.
        name: The collar.
        generation: Which reading of it.
        packs: The raw messages of its farm.
        most_keys: Evidence rows of one transaction, about.
    """
    connection = await sink.connect(url)
    try:
        registry = await registries.load(connection)
        decode = make_decoder(registry)
        collar = registry.collars[name]
        wanted = collar._replace(generations=tuple(one for one in collar.generations if one.number == generation))
        read = reader_of(wanted)
        unit, count = Unit(), 0
        for pack in packs:
            for message in pack:
                count += _add(unit, message, decode, name, read)
            if len(unit.evidence) >= most_keys:
                await sink.commit(connection, unit)
                unit = Unit()
        await sink.commit(connection, unit)
    finally:
        await connection.close()
    return count


def _add(unit: Unit, message: Message, decode: Decode, name: CollarName, read: Read) -> bool:
    decoded = decode(message)
    if isinstance(decoded, Rejected):
        return False
    readings = [heard.reading for heard in decoded if heard.collar == name and not isinstance(heard.reading, Status)]
    for reading in readings:
        read(unit.evidence, reading)
    return bool(readings)

"""Reading the past of collars again: the raw messages that are kept, in generations that nobody reads yet."""

from collections.abc import Iterable, Mapping

from core.delivery import Decode
from core.readings import CollarName, Message, Rejected, Status
from storage.evidence import registry as registries
from storage.evidence import sink
from storage.evidence.registry import Collar
from storage.evidence.sink import Unit
from stream.contributed import Contributed
from stream.contribution import Read, reader_of
from stream.neck_telling import tell
from stream.runner import MakeDecoder


async def recompute(
    url: str,
    make_decoder: MakeDecoder,
    generations: Mapping[CollarName, int],
    packs: Iterable[list[Message]],
    *,
    most_keys: int,
) -> int:
    """Write the evidence of one generation of each collar from raw messages; return how many of them were theirs.

    Merging makes this safe to repeat and safe beside live data. Calibrations of a generation are made with it, so the
    registry that is loaded here stays right to the end. How messages moved is written too: it was not, while nobody
    had said where a collar is worn.

    Args:
        url: The database, as the role that may write evidence.
        make_decoder: As for the runner.
        generations: Which reading of which collars.
        packs: The raw messages of their farm.
        most_keys: Evidence rows of one transaction, about.
    """
    connection = await sink.connect(url)
    try:
        registry = await registries.load(connection)
        decode = make_decoder(registry)
        reads = {name: reader_of(_only(registry.collars[name], number)) for name, number in generations.items()}
        contributed, count = Contributed(), 0
        for pack in packs:
            for message in pack:
                count += _add(contributed, message, decode, reads)
            if len(contributed.evidence) >= most_keys or len(contributed.motions) >= 10 * most_keys:
                await sink.commit(connection, _unit_of(contributed))
                contributed = Contributed()
        await sink.commit(connection, _unit_of(contributed))
    finally:
        await connection.close()
    return count


def _only(collar: Collar, generation: int) -> Collar:
    return collar._replace(generations=tuple(one for one in collar.generations if one.number == generation))


def _unit_of(contributed: Contributed) -> Unit:
    tell(contributed)
    return Unit(evidence=contributed.evidence, motions=contributed.motions)


def _add(contributed: Contributed, message: Message, decode: Decode, reads: Mapping[CollarName, Read]) -> bool:
    decoded = decode(message)
    if isinstance(decoded, Rejected):
        return False
    wanted = [heard for heard in decoded if heard.collar in reads and not isinstance(heard.reading, Status)]
    for heard in wanted:
        reads[heard.collar](contributed, heard.reading)
    return bool(wanted)

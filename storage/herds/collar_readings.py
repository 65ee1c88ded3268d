"""How a collar's samples are read, as people say it: what they leave out stays as it is known.

What is said holds for all the past. A collar that was never heard is read so at once; of one that was, the raw messages
that are kept have to be read again first, and the generation that this begins is published when that is done.
"""

from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection

from core.errors import ConflictError
from core.readings import CollarName
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading

_OF_DEVICE: Final = frozenset({"gain", "offset"})


@dataclass(frozen=True, slots=True)
class Said:
    """How samples are read, as far as somebody says it; see `storage.herds.calibrations.Reading`."""

    mount: str | None = None
    axes: tuple[str, str, str] | None = None
    hold_s: int | None = None


class Begun(NamedTuple):
    """What came of it.

    Attributes:
        reading: How samples are to be read now; `None` while nobody has said the mount.
        generation: What is left to be recomputed and published; `None` if nothing is.
    """

    reading: Reading | None
    generation: int | None = None


def say(connection: Connection, farm_id: int, collar_id: int, name: CollarName, said: Said) -> Begun:
    """State how a collar's samples are read.

    Raises:
        ConflictError: axes or interval are said, but nobody has ever said the mount.
    """
    herd.lock_farm(connection, farm_id)
    known = calibrations.published_reading(connection, collar_id)
    reading = _completed(known, said, name)
    if reading is None or reading == known:
        return Begun(reading)
    generation = _begin(connection, farm_id, collar_id, reading)
    if calibrations.was_heard(connection, collar_id):
        return Begun(reading, generation)
    calibrations.publish(connection, collar_id, generation)
    return Begun(reading)


def _completed(known: Reading | None, said: Said, name: CollarName) -> Reading | None:
    told = {name: value for name, value in asdict(said).items() if value is not None}
    if known is not None:
        anew = known._replace(**told)
        return anew if (anew.mount, anew.axes) == (known.mount, known.axes) else _unlearned(anew)
    if said.mount is None and told:
        raise ConflictError(f"nobody has said yet where {name} sits: say its mount too")
    return Reading(**told) if told else None


def _begin(connection: Connection, farm_id: int, collar_id: int, reading: Reading) -> int:
    """Begin a generation: what is said holds for all the past, what was learned holds for when it was learned."""
    (known,) = [one for one in calibrations.known(connection, farm_id) if one.collar_id == collar_id]
    past = known.calibrations
    if past and all((one.mount, one.axes) == (reading.mount, reading.axes) for one in past):
        history = [one._replace(hold_s=reading.hold_s) for one in past]
        return calibrations.start_history(connection, collar_id, history)
    return calibrations.start_generation(connection, collar_id, reading)


def _unlearned(reading: Reading) -> Reading:
    """Keep of what was learned only what belongs to the device, wherever it is worn."""
    return reading._replace(
        parameters={name: reading.parameters[name] for name in _OF_DEVICE & reading.parameters.keys()}
    )

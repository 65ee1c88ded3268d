"""A collar taken into service: how it is read, who wears it, since when."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Final

from animov.edge import decoder_for
from core.errors import ConflictError
from core.readings import CollarName
from core.settings import Settings
from storage import calibrations, credentials, herd
from storage.calibrations import Reading
from storage.database import Connection, Engine
from storage.herd import During
from stream.calibrating.publishing import republish

_OF_DEVICE: Final = frozenset({"gain", "offset"})


@dataclass(frozen=True, slots=True)
class Wearer:
    """Who wears a collar; `start` is aware, `None` means since ever."""

    animal: str | None = None
    group: str | None = None
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """How samples are read, as far as somebody says it; see `storage.calibrations.Reading`."""

    mount: str | None = None
    axes: tuple[str, str, str] | None = None
    hold_s: int | None = None


@dataclass(frozen=True, slots=True)
class Onboarded:
    """What came of it.

    Attributes:
        reading: How its samples are read now; `None` while nobody has said the mount.
        recomputed: Raw messages that were read again, because the collar had been heard under another reading.
        password: The collar's new password, if one was asked for; it is not kept.
    """

    reading: Reading | None
    recomputed: int = 0
    password: str | None = None


def onboard(
    engine: Engine,
    settings: Settings,
    name: CollarName,
    said: Said,
    wearer: Wearer,
    *,
    with_password: bool,
    device: str | None = None,
) -> Onboarded:
    """Take a collar into service, making what is missing; said again with other facts, it corrects them.

    Args:
        engine: Connects as the role that writes.
        settings: Limits of admission, for what is read again.
        name: The collar.
        said: How its samples are read; what is not said stays as it is known.
        wearer: Who wears it.
        with_password: Whether to give it a new password.
        device: Its name at a network server, if it comes by one: `tts:ID`, `chirpstack:EUI`, `senml:NAME`.
    """
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, name)
        farm_id = herd.find_farm(connection, name.farm)
        password = credentials.new_password(connection, collar_id) if with_password else None
        if device is not None:
            herd.name_device(connection, collar_id, device)
    service = _Service(engine, settings, name, collar_id, farm_id)
    reading = service.reading(said)
    recomputed = 0 if reading is None else service.read_as(reading)
    with engine.begin() as connection:
        service.put_on(connection, wearer)
    return Onboarded(reading, recomputed, password)


@dataclass(frozen=True, slots=True)
class _Service:
    """A collar by all its names."""

    engine: Engine
    settings: Settings
    name: CollarName
    collar_id: int
    farm_id: int

    def reading(self, said: Said) -> Reading | None:
        """Return what is said, completed by what is known; `None` where that leaves the mount open.

        Raises:
            ConflictError: axes or interval are said, but nobody has ever said the mount.
        """
        with self.engine.connect() as connection:
            known = calibrations.published_reading(connection, self.collar_id)
        told = {name: value for name, value in asdict(said).items() if value is not None}
        if known is not None:
            anew = known._replace(**told)
            return anew if (anew.mount, anew.axes) == (known.mount, known.axes) else _unlearned(anew)
        if said.mount is None and told:
            raise ConflictError(f"nobody has said yet where {self.name} sits: say its mount too")
        return Reading(**told) if told else None

    def read_as(self, reading: Reading) -> int:
        """Read the collar's samples so, the past included; return how many raw messages were read again."""
        with self.engine.begin() as connection:
            herd.lock_farm(connection, self.farm_id)
            if calibrations.published_reading(connection, self.collar_id) == reading:
                return 0
            generation = self._begin(connection, reading)
            if not calibrations.was_heard(connection, self.collar_id):
                calibrations.publish(connection, self.collar_id, generation)
                return 0
        make_decoder = partial(decoder_for, self.settings)
        return republish(self.engine, self.settings, make_decoder, {self.name: generation}, None)

    def _begin(self, connection: Connection, reading: Reading) -> int:
        """Begin a generation: what is said holds for all the past, what was learned holds for when it was learned."""
        (known,) = [one for one in calibrations.known(connection, self.farm_id) if one.collar_id == self.collar_id]
        past = known.calibrations
        if past and all((one.mount, one.axes) == (reading.mount, reading.axes) for one in past):
            history = [one._replace(hold_s=reading.hold_s) for one in past]
            return calibrations.start_history(connection, self.collar_id, history)
        return calibrations.start_generation(connection, self.collar_id, reading)

    def put_on(self, connection: Connection, wearer: Wearer) -> None:
        """State who wears the collar, and where that animal belongs."""
        if wearer.animal is None:
            return
        during = During(wearer.start, None)
        animal_id = herd.ensure_animal(connection, self.farm_id, wearer.animal)
        herd.assign(connection, self.collar_id, animal_id, during)
        if wearer.group is not None:
            herd.move(connection, animal_id, herd.ensure_group(connection, self.farm_id, wearer.group), during)


def _unlearned(reading: Reading) -> Reading:
    """Keep of what was learned only what belongs to the device, wherever it is worn."""
    return reading._replace(
        parameters={name: reading.parameters[name] for name in _OF_DEVICE & reading.parameters.keys()}
    )

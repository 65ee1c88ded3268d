"""A collar taken into service: how it is read, who wears it, since when."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from animov.audit import note
from animov.edge import decoder_for
from core.readings import CollarName
from core.settings import Settings
from storage.engine.database import Connection, Engine
from storage.herds import collar_readings, credentials, herd
from storage.herds.calibrations import Reading
from storage.herds.collar_readings import Said
from storage.herds.herd import During
from storage.herds.herd_names import Kind, check_name
from stream.calibrating.publishing import republish

__all__ = ["Onboarded", "Said", "Wearer", "onboard"]


@dataclass(frozen=True, slots=True)
class Wearer:
    """Who wears a collar; `start` is aware, `None` means since ever."""

    animal: str | None = None
    group: str | None = None
    start: datetime | None = None


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

    Raises:
        NameRefusedError: an animal or a group can't have that name; nothing was made.
    """
    wished: tuple[tuple[Kind, str | None], ...] = (("animal", wearer.animal), ("group", wearer.group))
    for kind, given in wished:
        if given is not None:
            check_name(kind, given)
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, name)
        farm_id = herd.find_farm(connection, name.farm)
        password = credentials.new_password(connection, collar_id) if with_password else None
        if device is not None:
            herd.name_device(connection, collar_id, device)
        told = {"mount": said.mount, "axes": said.axes, "hold_s": said.hold_s, "device": device, **asdict(wearer)}
        told = {name: value for name, value in told.items() if value is not None}
        note(connection, farm_id, "collar.onboarded", f"collar {name.collar}", told | {"password": with_password})
    with engine.begin() as connection:
        begun = collar_readings.say(connection, farm_id, collar_id, name, said)
    recomputed = 0
    if begun.generation is not None:
        make_decoder = partial(decoder_for, settings)
        recomputed = republish(engine, settings, make_decoder, {name: begun.generation}, None)
    with engine.begin() as connection:
        _put_on(connection, farm_id, collar_id, wearer)
    return Onboarded(begun.reading, recomputed, password)


def _put_on(connection: Connection, farm_id: int, collar_id: int, wearer: Wearer) -> None:
    """State who wears a collar, and where that animal belongs."""
    if wearer.animal is None:
        return
    during = During(wearer.start, None)
    animal_id = herd.ensure_animal(connection, farm_id, wearer.animal)
    herd.assign(connection, collar_id, animal_id, during)
    if wearer.group is not None:
        herd.move(connection, animal_id, herd.ensure_group(connection, farm_id, wearer.group), during)

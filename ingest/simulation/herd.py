"""Who lives on a simulated farm and what each one wears."""

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from core.readings import CollarName
from ingest.simulation.draws import key_of, one_normal, one_uniform
from ingest.simulation.settings import HerdSettings, Mount


@dataclass(frozen=True, slots=True)
class Animal:
    """One goat and its tag.

    Attributes:
        number: Counted through the herd from 0; random numbers are drawn for it.
        name: As a person would call it.
        group: Number of its group in the settings.
        group_name: Name of its group.
        collar: Address of its tag; the axes of samples are forward, up, right.
        mount: Where it wears the tag.
        standing: Logit of standing that is its own and its group's.
        clock_offset_ms: What the tag's clock shows more than the true time.
        phase: Where in the tag's sending interval its batches begin, 0 to 1.
        roll_deg: Angle of the tag around the neck or ear, degrees; 0 on a leg.
        pitch_deg: Angle of the tag along the neck or ear, degrees; 0 on a leg.
        yaw_deg: Angle of the tag to the left of the neck or ear, degrees; 0 on a leg.
    """

    number: int
    name: str
    group: int
    group_name: str
    collar: CollarName
    mount: Mount
    standing: float
    clock_offset_ms: int
    phase: float
    roll_deg: float
    pitch_deg: float
    yaw_deg: float

    def __hash__(self) -> int:
        return self.number


@dataclass(frozen=True)
class Herd:
    """A simulated farm: its settings and the animals that follow from them."""

    settings: HerdSettings

    @cached_property
    def zone(self) -> ZoneInfo:
        """The farm's time zone."""
        return ZoneInfo(self.settings.time_zone)

    @cached_property
    def animals(self) -> tuple[Animal, ...]:
        """All animals, group after group."""
        places = [place for place, group in enumerate(self.settings.groups) for _ in range(group.animals)]
        return tuple(_animal(self.settings, number, place) for number, place in enumerate(places))

    def members(self, group_name: str) -> tuple[Animal, ...]:
        """Return the animals of a group."""
        return tuple(animal for animal in self.animals if animal.group_name == group_name)


def _animal(settings: HerdSettings, number: int, place: int) -> Animal:
    group, mounting = settings.groups[place], settings.mounting
    key = key_of(settings.seed, "animal", number)
    loose = {"leg": 0.0, "collar": 1.0, "ear": mounting.ear_factor}[group.mount]
    return Animal(
        number=number,
        name=f"goat-{number + 1:02}",
        group=place,
        group_name=group.name,
        collar=CollarName(settings.farm, f"{group.mount}-{number + 1:02}"),
        mount=group.mount,
        standing=group.standing + settings.rhythm.animal_sd * one_normal(key, 0),
        clock_offset_ms=round(1000 * settings.faults.clock_sd_s * one_normal(key, 1)),
        phase=one_uniform(key, 2),
        roll_deg=loose * mounting.roll_sd_deg * one_normal(key, 3),
        pitch_deg=loose * mounting.pitch_sd_deg * one_normal(key, 4),
        yaw_deg=loose * mounting.yaw_sd_deg * one_normal(key, 5),
    )

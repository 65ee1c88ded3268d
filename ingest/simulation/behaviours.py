"""How a goat stands or lies, as a tag on its leg, neck or ear feels it.

A posture is made of spells of five minutes, a spell of moments of twenty seconds, and each moment has one behaviour.
Angles are those of the neck (ear: of the head; leg: of the shank) against walking, which is 0. What is measured and
what is chosen is told in `settings`.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from ingest.simulation.draws import Floats, Integers, key_of, normal, one_normal, uniform
from ingest.simulation.herd import Animal
from ingest.simulation.settings import HerdSettings, Mount

MOMENT_MS: Final = 20_000
SPELL: Final = 15
"""Moments of a spell."""


class Behaviour(NamedTuple):
    """What a tag feels of one behaviour.

    Attributes:
        name: As an observer would write it down.
        pitch: Mean angle of the forward axis above that of walking, degrees.
        pitch_sd: SD of that angle from spell to spell, degrees.
        sway: SD of that angle from moment to moment within a spell, degrees.
        roll_sd: SD from spell to spell of the angle around the forward axis, degrees.
        swing: Amplitude of the periodic movement, g.
        rate: Frequency of the periodic movement, Hz.
        restless: SD of the movement without rhythm, g.
        pause_s: Seconds of each minute without the periodic movement.
    """

    name: str
    pitch: float = 0.0
    pitch_sd: float = 0.0
    sway: float = 3.0
    roll_sd: float = 5.0
    swing: float = 0.0
    rate: float = 1.0
    restless: float = 0.0
    pause_s: float = 0.0


class Spell(NamedTuple):
    """A kind of spell: its share of the time in its posture, and the shares of its moments; both add up to 1."""

    share: float
    moments: tuple[tuple[float, Behaviour], ...]


class Moments(NamedTuple):
    """What a goat does in a range of moments: row 0 if it lies, row 1 if it stands; units as in `Behaviour`.

    Attributes:
        first: Number of the first moment since 1970.
        kind: Place in `behaviours_of` of the mount and posture, shape (2, moments) as all that follow.
    """

    first: int
    kind: Integers
    pitch: Floats
    roll: Floats
    swing: Floats
    rate: Floats
    restless: Floats
    pause_s: Floats


def _alone(share: float, behaviour: Behaviour) -> Spell:
    return Spell(share, ((1.0, behaviour),))


_NECK_WALKS = Behaviour("walking", 0, 3, 4, 5, swing=0.20, rate=2.0, restless=0.07)
_NECK_GRAZES = Behaviour("grazing", -28, 8, 4, 5, swing=0.06, rate=1.0, restless=0.10)
_NECK_LOOKS = Behaviour("looking up", 8, 5, 5, 8, swing=0.04, rate=1.3, restless=0.035)
_NECK_STANDS = Behaviour("standing", 8, 4, 3, 8, restless=0.032)
_NECK_DROWSES = Behaviour("drowsing", 6, 4, 2, 6, restless=0.010)
_NECK_CHEWS_UP = Behaviour("ruminating upright", 10, 4, 2, 6, swing=0.085, rate=1.2, restless=0.018, pause_s=6)
_NECK_CHEWS_DOWN = Behaviour("ruminating lying", 25, 7, 2, 8, swing=0.085, rate=1.2, restless=0.012, pause_s=6)
_NECK_RESTS = Behaviour("resting", 23, 7, 3, 10, restless=0.006)
_NECK_TURNED = Behaviour("head turned back", 10, 8, 2, 30, restless=0.006)

_EAR_WALKS = Behaviour("walking", 0, 6, 8, 10, swing=0.25, rate=2.0, restless=0.09)
_EAR_GRAZES = Behaviour("grazing", -45, 10, 8, 12, swing=0.10, rate=1.0, restless=0.12)
_EAR_LOOKS = Behaviour("looking up", 6, 8, 8, 12, swing=0.06, rate=1.3, restless=0.05)
_EAR_STANDS = Behaviour("standing", 6, 8, 6, 12, restless=0.04)
_EAR_DROWSES = Behaviour("drowsing", 2, 8, 4, 10, restless=0.012)
_EAR_CHEWS_UP = Behaviour("ruminating upright", 6, 8, 4, 10, swing=0.12, rate=1.2, restless=0.025, pause_s=6)
_EAR_CHEWS_DOWN = Behaviour("ruminating lying", 14, 10, 4, 12, swing=0.12, rate=1.2, restless=0.02, pause_s=6)
_EAR_RESTS = Behaviour("resting", 12, 10, 5, 14, restless=0.010)
_EAR_TURNED = Behaviour("head turned back", -5, 12, 3, 35, restless=0.008)


def _upright(walks: Behaviour, grazes: Behaviour, looks: Behaviour, *idle: Behaviour) -> tuple[Spell, ...]:
    stands, drowses, chews = idle
    return (
        Spell(0.45, ((0.10, walks), (0.63, grazes), (0.27, looks))),
        Spell(0.30, ((0.06, walks), (0.94, stands))),
        _alone(0.10, drowses),
        _alone(0.15, chews),
    )


def _down(chews: Behaviour, rests: Behaviour, turned: Behaviour) -> tuple[Spell, ...]:
    return _alone(0.45, chews), _alone(0.43, rests), _alone(0.12, turned)


SPELLS: Final[dict[tuple[Mount, bool], tuple[Spell, ...]]] = {
    ("leg", True): (
        Spell(
            1.0,
            (
                (0.07, Behaviour("walking", sway=6, swing=0.35, rate=1.3, restless=0.15)),
                (0.43, Behaviour("feeding", sway=5, restless=0.05)),  # shifting its weight
                (0.50, Behaviour("standing", sway=4, restless=0.01)),
            ),
        ),
    ),
    ("leg", False): (
        _alone(0.05, Behaviour("stretching", 80, 5, 5, 40, swing=0.05, restless=0.05)),
        _alone(0.95, Behaviour("resting", 83, 4, 4, 40, restless=0.008)),
    ),
    ("collar", True): _upright(_NECK_WALKS, _NECK_GRAZES, _NECK_LOOKS, _NECK_STANDS, _NECK_DROWSES, _NECK_CHEWS_UP),
    ("collar", False): _down(_NECK_CHEWS_DOWN, _NECK_RESTS, _NECK_TURNED),
    ("ear", True): _upright(_EAR_WALKS, _EAR_GRAZES, _EAR_LOOKS, _EAR_STANDS, _EAR_DROWSES, _EAR_CHEWS_UP),
    ("ear", False): _down(_EAR_CHEWS_DOWN, _EAR_RESTS, _EAR_TURNED),
}


def moments_of(settings: HerdSettings, animal: Animal, start_ms: int, end_ms: int) -> Moments:
    """Return what a goat does in the moments that `[start_ms, end_ms)`, milliseconds since 1970, touches."""
    numbers = np.arange(start_ms // MOMENT_MS, -(-end_ms // MOMENT_MS), dtype=np.int64)
    rows = [_drawn(settings, animal, numbers, stands=stands) for stands in (False, True)]
    kind, *columns = zip(*rows, strict=True)
    return Moments(int(numbers[0]), np.stack(kind), *(np.stack(column) for column in columns))


def behaviours_of(mount: Mount, *, stands: bool) -> list[Behaviour]:
    """Return all behaviours of a posture, in the order of `Moments.kind`."""
    return [behaviour for spell in SPELLS[mount, stands] for _, behaviour in spell.moments]


class _Drawn(NamedTuple):
    """A row of `Moments`."""

    kind: Integers
    pitch: Floats
    roll: Floats
    swing: Floats
    rate: Floats
    restless: Floats
    pause_s: Floats


def _drawn(settings: HerdSettings, animal: Animal, moments: Integers, *, stands: bool) -> _Drawn:
    spells, key = moments // SPELL, key_of(settings.seed, "behaviour", animal.number, stands)
    in_spell, spread = key_of(key, "spell"), settings.carriage.restless_spread
    spell_ends, ends, table = _shares(animal.mount, stands=stands)
    spell = np.searchsorted(spell_ends, uniform(in_spell, 3 * spells), side="right")
    kind = np.searchsorted(ends, spell + uniform(key, 3 * moments), side="right")
    pitch, pitch_sd, sway, roll_sd, swing, rate, restless, pause_s = table[kind].T
    pitch = pitch + pitch_sd * normal(in_spell, 3 * spells + 1) + sway * normal(key, 3 * moments + 1)
    pitch = pitch + _habit(settings, animal, stands=stands)
    vigour = np.exp(spread * normal(key, 3 * moments + 2) - spread**2 / 2)
    return _Drawn(kind, pitch, roll_sd * normal(in_spell, 3 * spells + 2), swing, rate, restless * vigour, pause_s)


def _habit(settings: HerdSettings, animal: Animal, *, stands: bool) -> float:
    """Return by how many degrees a goat carries its neck or head above the mean of goats."""
    if animal.mount == "leg":
        return 0.0
    sd = settings.carriage.standing_sd_deg if stands else settings.carriage.lying_sd_deg
    return sd * one_normal(key_of(settings.seed, "habit", animal.number, stands))


@cache
def _shares(mount: Mount, *, stands: bool) -> tuple[Floats, Floats, Floats]:
    """Return where spells end in 0 to 1, where the moments of spell k end in k to k + 1, and their behaviours."""
    spells = SPELLS[mount, stands]
    ends = [place + _added_up(share for share, _ in spell.moments) for place, spell in enumerate(spells)]
    table = np.array([behaviour[1:] for behaviour in behaviours_of(mount, stands=stands)])
    return _added_up(spell.share for spell in spells)[:-1], np.concatenate(ends)[:-1], table


def _added_up(shares: Iterable[float]) -> Floats:
    """Return the shares added up, the last exactly 1."""
    sums = np.cumsum(list(shares))
    return np.asarray(sums / sums[-1])

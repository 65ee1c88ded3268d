"""What an accelerometer on a goat's leg, neck or ear measures while the goat does what the truth says.

A leg tag's up axis reads about 1 g standing and about 0 g lying. A neck collar points down to graze, swings to walk and
is carried steeper lying than standing, by little more than a goat moves it anyway. Ears flick. A goat that lies down
or gets up is on its knees for a moment, neck down.
"""

from typing import Final, NamedTuple

import numpy as np

from ingest.simulation.behaviours import MOMENT_MS, behaviours_of, moments_of
from ingest.simulation.draws import Floats, Integers, key_of, triple_noise, uniform
from ingest.simulation.herd import Animal
from ingest.simulation.mounting import measured
from ingest.simulation.settings import HerdSettings, Mount
from ingest.simulation.truth import Stance

_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1000
RISING_MS: Final = 3000
"""Milliseconds before and after a change of posture in which the goat is lying down or getting up."""
_KNEELING_DEG: Final = 25.0
_KNEELING_G: Final = 0.25
_FLICK_MS: Final = 300


class Flicks(NamedTuple):
    """Flicks of an ear, or shakes of the head: how many a minute, and how strong in g."""

    per_min: float
    g: float


FLICKS: Final[dict[Mount, Flicks]] = {"leg": Flicks(0, 0), "collar": Flicks(0.5, 0.25), "ear": Flicks(4, 0.8)}


def acceleration(settings: HerdSettings, animal: Animal, times: Integers, stance: Stance) -> Floats:
    """Return forward, up and right in g, shape (n, 3), at rising milliseconds since 1970 with their stances."""
    moments = moments_of(settings, animal, int(times[0]), int(times[-1]) + 1)
    each = times // MOMENT_MS - moments.first
    row = stance.standing.astype(np.int64)
    kneels, risen = _changing(animal, stance)
    pitch, roll = (risen * angle[1, each] + (1 - risen) * angle[0, each] for angle in (moments.pitch, moments.roll))
    restless = np.hypot(moments.restless[row, each], _KNEELING_G * kneels)
    noise = np.hypot(restless, settings.mounting.noise_g)[:, None]
    shaken = triple_noise(key_of(settings.seed, "noise", animal.number), times) * noise
    rhythm = _rhythm(times, *(column[row, each] for column in (moments.swing, moments.rate, moments.pause_s)))
    felt = _gravity(np.radians(pitch - _KNEELING_DEG * kneels), np.radians(roll)) + rhythm + shaken
    return measured(settings, animal, times, felt + _flicks(settings, animal, times))


def behaviours(settings: HerdSettings, animal: Animal, times: Integers, stance: Stance) -> list[str]:
    """Return the name of what a goat does at each of rising milliseconds since 1970 with their stances."""
    moments = moments_of(settings, animal, int(times[0]), int(times[-1]) + 1)
    names = [[behaviour.name for behaviour in behaviours_of(animal.mount, stands=row)] for row in (False, True)]
    kinds = moments.kind[stance.standing.astype(np.int64), times // MOMENT_MS - moments.first]
    return [names[row][kind] for row, kind in zip(stance.standing.tolist(), kinds.tolist(), strict=True)]


def _changing(animal: Animal, stance: Stance) -> tuple[Floats, Floats]:
    """Return how much a goat kneels, 0 to 1, and how far it is up, 0 lying to 1 standing; legs move at once."""
    if animal.mount == "leg":
        return np.zeros(len(stance.standing)), stance.standing.astype(float)
    near = np.clip(stance.from_change_ms / RISING_MS, -1, 1)  # -1 before a change, 1 after it
    over = (1 + near) / 2
    return 1 - near**2, np.where(stance.standing == (near >= 0), over, 1 - over)


def _gravity(pitch: Floats, roll: Floats) -> Floats:
    return np.stack([np.sin(pitch), np.cos(pitch) * np.cos(roll), np.cos(pitch) * np.sin(roll)], axis=-1)


def _rhythm(times: Integers, swing: Floats, rate: Floats, pause_s: Floats) -> Floats:
    """Return a swing along the body and, twice as fast and half as far, up and down."""
    second = (times % _MINUTE_MS) / _SECOND_MS
    turn, swing = 2 * np.pi * rate * second, np.where(second >= pause_s, swing, 0.0)
    return np.stack([swing * np.sin(turn), swing / 2 * np.sin(2 * turn), swing / 4 * np.cos(turn)], axis=-1)


def _flicks(settings: HerdSettings, animal: Animal, times: Integers) -> Floats:
    """Return a shake of 0.3 s in some seconds, in a direction of its own, shape (n, 3)."""
    kind, key = FLICKS[animal.mount], key_of(settings.seed, "flick", animal.number)
    seconds = np.arange(times[0] // _SECOND_MS, times[-1] // _SECOND_MS + 1)
    strength = np.where(uniform(key, 2 * seconds) < kind.per_min / 60, kind.g, 0.0)[:, None]
    shakes, begins = strength * triple_noise(key, seconds), (_SECOND_MS - _FLICK_MS) * uniform(key, 2 * seconds + 1)
    each = times // _SECOND_MS - seconds[0]
    turn = (times % _SECOND_MS - begins[each]) / _FLICK_MS
    return np.asarray(np.where((turn >= 0) & (turn < 1), np.sin(2 * np.pi * turn), 0.0)[:, None] * shakes[each])

"""What an accelerometer on a goat's leg or neck measures while the goat does what the truth says.

Every minute of a posture has a behaviour: its pitch and roll, a periodic movement and a restlessness. A leg
tag's up axis reads about 1 g standing and about 0 g lying. A neck collar points down to graze and swings to walk;
standing idle and lying differ in the pitch of the neck by less than goats differ from each other.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.simulation.draws import Floats, Integers, key_of, normal, triple_noise, uniform
from ingest.simulation.herd import Animal
from ingest.simulation.settings import HerdSettings, Mount

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000


class Behaviour(NamedTuple):
    """One way to stand or lie.

    Attributes:
        share: Of the time in its posture, 0 to 1.
        pitch: Mean angle of the forward axis above the horizon, degrees.
        pitch_sd: SD of that angle from minute to minute, degrees.
        roll_sd: SD of the angle around the forward axis, degrees.
        swing: Amplitude of the periodic movement, g.
        rate: Frequency of the periodic movement, Hz.
        restless: SD of the movement without rhythm, g.
    """

    share: float
    pitch: float
    pitch_sd: float
    roll_sd: float
    swing: float
    rate: float
    restless: float


BEHAVIOURS: Final[dict[tuple[Mount, bool], tuple[Behaviour, ...]]] = {
    ("leg", True): (
        Behaviour(0.12, 0, 6, 5, swing=0.35, rate=1.3, restless=0.15),  # walks
        Behaviour(0.38, 0, 5, 4, swing=0.0, rate=1.0, restless=0.05),  # feeds, shifting its weight
        Behaviour(0.50, 0, 4, 3, swing=0.0, rate=1.0, restless=0.01),  # idles or ruminates
    ),
    ("leg", False): (
        Behaviour(0.05, 80, 5, 40, swing=0.05, rate=1.0, restless=0.05),  # stretches a leg
        Behaviour(0.95, 83, 4, 40, swing=0.0, rate=1.0, restless=0.008),
    ),
    ("collar", True): (
        Behaviour(0.12, 0, 6, 6, swing=0.30, rate=2.0, restless=0.12),  # walks: high VeDBA
        Behaviour(0.38, -50, 10, 8, swing=0.08, rate=1.1, restless=0.10),  # head down, feeds: above 0.1 g
        Behaviour(0.25, 12, 8, 6, swing=0.06, rate=1.2, restless=0.015),  # ruminates: a bite each 0.8 s
        Behaviour(0.25, 14, 12, 8, swing=0.0, rate=1.0, restless=0.03),  # idles
    ),
    ("collar", False): (
        Behaviour(0.40, -8, 8, 10, swing=0.06, rate=1.2, restless=0.012),  # ruminates
        Behaviour(0.60, -18, 12, 18, swing=0.0, rate=1.0, restless=0.01),  # rests, the head sometimes turned back
    ),
}


def acceleration(settings: HerdSettings, animal: Animal, times: Integers, standing: NDArray[np.bool_]) -> Floats:
    """Return forward, up and right in g, shape (n, 3), at milliseconds since 1970 with the posture of each instant."""
    postures = [_behaving(settings, animal, times, stands=stands) for stands in (True, False)]
    columns = np.where(standing, *postures)
    pitch, roll, swing, rate, restless = columns
    angles = np.radians(pitch + animal.pitch_deg), np.radians(roll + _turned(settings, animal, times))
    noise = np.hypot(restless, settings.mounting.noise_g)[:, None]
    shaken = triple_noise(key_of(settings.seed, "noise", animal.number), times) * noise
    return np.asarray(_gravity(*angles) + _movement(times, swing, rate) + shaken)


def _behaving(settings: HerdSettings, animal: Animal, times: Integers, *, stands: bool) -> Floats:
    """Return pitch, roll, swing, rate and restlessness at each instant, shape (5, n), for one of the postures."""
    minutes, each = np.unique(times // _MINUTE_MS, return_inverse=True)
    table = np.array(BEHAVIOURS[animal.mount, stands])
    key = key_of(settings.seed, "behaviour", animal.number, stands)
    chosen = np.searchsorted(np.cumsum(table[:-1, 0]), uniform(key, 3 * minutes), side="right")
    _, pitch, pitch_sd, roll_sd, swing, rate, restless = table[chosen].T
    pitch = pitch + pitch_sd * normal(key, 3 * minutes + 1)
    roll = roll_sd * normal(key, 3 * minutes + 2)
    return np.stack([pitch, roll, swing, rate, restless])[:, each]


def _turned(settings: HerdSettings, animal: Animal, times: Integers) -> Floats:
    days, each = np.unique(times // _DAY_MS, return_inverse=True)
    wander = settings.mounting.wander_sd_deg if animal.mount == "collar" else 0.0
    return (animal.roll_deg + wander * normal(key_of(settings.seed, "wander", animal.number), days))[each]


def _gravity(pitch: Floats, roll: Floats) -> Floats:
    return np.stack([np.sin(pitch), np.cos(pitch) * np.cos(roll), np.cos(pitch) * np.sin(roll)], axis=-1)


def _movement(times: Integers, swing: Floats, rate: Floats) -> Floats:
    """Return a swing along the body and, twice as fast and half as far, up and down."""
    turn = 2 * np.pi * rate * (times % _MINUTE_MS) / 1000
    return np.stack([swing * np.sin(turn), swing / 2 * np.sin(2 * turn), swing / 4 * np.cos(turn)], axis=-1)

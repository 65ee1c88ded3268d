"""What a tag makes of the acceleration of the neck, ear or leg that it sits on: turned, drifting, and measured amiss.

A tag is rolled around the neck and then tilted, so that one which is tilted reads another pitch once it has rolled.
"""

from typing import Final

import numpy as np

from ingest.simulation.draws import Floats, Integers, key_of, normal
from ingest.simulation.herd import Animal
from ingest.simulation.settings import HerdSettings

_DAY_MS: Final = 86_400_000


def measured(settings: HerdSettings, animal: Animal, times: Integers, felt: Floats) -> Floats:
    """Return forward, up and right in g as the tag's sensor reads them.

    Args:
        settings: Of the herd.
        animal: Who wears the tag.
        times: Milliseconds since 1970, shape (n,).
        felt: Acceleration with gravity along the axes of the neck, ear or leg, g, shape (n, 3).
    """
    turned = felt if animal.mount == "leg" else _turned(settings, animal, times, felt)
    sensor, mounting = normal(key_of(settings.seed, "sensor", animal.number), np.arange(6)), settings.mounting
    return np.asarray(turned * (1 + mounting.gain_sd * sensor[:3]) + mounting.offset_sd_g * sensor[3:])


def _turned(settings: HerdSettings, animal: Animal, times: Integers, felt: Floats) -> Floats:
    roll, pitch = (np.radians(angle) for angle in _angles(settings, animal, times))
    yaw = np.radians(animal.yaw_deg)
    forward, up, right = felt.T
    up, right = up * np.cos(roll) - right * np.sin(roll), up * np.sin(roll) + right * np.cos(roll)
    forward, up = forward * np.cos(pitch) + up * np.sin(pitch), up * np.cos(pitch) - forward * np.sin(pitch)
    forward, right = forward * np.cos(yaw) + right * np.sin(yaw), right * np.cos(yaw) - forward * np.sin(yaw)
    return np.stack([forward, up, right], axis=-1)


def _angles(settings: HerdSettings, animal: Animal, times: Integers) -> tuple[Floats, Floats]:
    """Return roll and pitch of the tag on the neck or ear, degrees, shape (n,) each."""
    mounting = settings.mounting
    roll = animal.roll_deg + mounting.slip_roll_sd_deg * _drift(settings, animal, times, "roll")
    pitch = animal.pitch_deg + mounting.slip_pitch_sd_deg * _drift(settings, animal, times, "pitch")
    for rotation in mounting.rotations:
        if rotation.animal == animal.number:
            since_s = times / 1000 - rotation.at.timestamp()
            share = np.clip(since_s / rotation.seconds, 0, 1)
            roll, pitch = roll + share * rotation.roll_deg, pitch + share * rotation.pitch_deg
    return roll, pitch


def _drift(settings: HerdSettings, animal: Animal, times: Integers, angle: str) -> Floats:
    """Return a slow drift of mean 0 and SD 1 at its knots, smooth between them."""
    place = times / (settings.mounting.slip_days * _DAY_MS)
    knots = np.arange(int(np.floor(place.min())), int(np.floor(place.max())) + 2)
    heights = normal(key_of(settings.seed, "slip", angle, animal.number), knots)
    before = np.floor(place).astype(np.int64) - knots[0]
    share = (1 - np.cos(np.pi * (place % 1))) / 2
    return np.asarray(heights[before] * (1 - share) + heights[before + 1] * share)

"""What happens to single messages on their way: some arrive twice, some cut in half."""

import numpy as np
from numpy.typing import NDArray

from ingest.simulation.draws import Integers, key_of, uniform
from ingest.simulation.herd import Animal
from ingest.simulation.settings import HerdSettings


def repeated(settings: HerdSettings, animal: Animal, times: Integers) -> NDArray[np.bool_]:
    """Tell of each message, known by an instant of its own in milliseconds, whether it arrives twice."""
    key = key_of(settings.seed, "repeated", animal.number)
    return np.asarray(uniform(key, times) < settings.faults.duplicated)


def damaged(settings: HerdSettings, animal: Animal, times: Integers, payloads: list[bytes]) -> list[bytes]:
    """Return the payloads as they arrive: one that is cut in half is so whenever it arrives."""
    key = key_of(settings.seed, "damaged", animal.number)
    cut = uniform(key, times) < settings.faults.corrupted
    return [payload[: len(payload) // 2] if half else payload for payload, half in zip(payloads, cut, strict=True)]

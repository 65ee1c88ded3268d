"""Two states and how long they last: what stretches before and after tell of one in between.

A hidden Markov model of two states over the stretches of one message, read forward and backward (Rabiner 1989). No
state is carried from one message to the next, so messages may come in any order.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SUREST = 1e-6
"""Least probability of either state: no single stretch outweighs all others."""


def smoothed(standing: Sequence[float], stay: tuple[float, float]) -> list[float]:
    """Return the probability of standing in each stretch of one message, given all of them.

    Args:
        standing: Probability of standing by each stretch alone, both states being as likely beforehand.
        stay: Probability that the next stretch lies after one that lies, and stands after one that stands.
    """
    told = [min(max(one, SUREST), 1 - SUREST) for one in standing]
    ahead = _forward(told, stay)
    back = 0.5  # what all later stretches say of this one, as a probability of standing
    found = [ahead[-1]]
    for now, later in zip(ahead[-2::-1], told[:0:-1], strict=True):
        back = _before(_both(back, later), stay)
        found.append(_both(now, back))
    return found[::-1]


def smoothed_by_message(standing: Floats, message: NDArray[np.int64], stay: tuple[float, float]) -> Floats:
    """Smooth the stretches of many messages, each message by itself; `message` does not fall, shape (n,)."""
    edges = [0, *(np.flatnonzero(np.diff(message)) + 1).tolist(), len(message)]
    parts = [smoothed(standing[start:stop].tolist(), stay) for start, stop in pairwise(edges) if start < stop]
    return np.array([one for part in parts for one in part])


def _forward(told: Sequence[float], stay: tuple[float, float]) -> list[float]:
    ahead = [told[0]]
    for one in told[1:]:
        ahead.append(_both(_after(ahead[-1], stay), one))
    return ahead


def _after(standing: float, stay: tuple[float, float]) -> float:
    lies, stands = stay
    return standing * stands + (1 - standing) * (1 - lies)


def _before(standing: float, stay: tuple[float, float]) -> float:
    """Return what a stretch says of the one before it: the likelihoods of both states, scaled to add up to 1."""
    lies, stands = stay
    if_stood = stands * standing + (1 - stands) * (1 - standing)
    if_lay = (1 - lies) * standing + lies * (1 - standing)
    return if_stood / (if_stood + if_lay)


def _both(one: float, other: float) -> float:
    """Combine two independent probabilities of standing."""
    stands, lies = one * other, (1 - one) * (1 - other)
    return stands / (stands + lies)

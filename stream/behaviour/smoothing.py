"""What the posture told by neck collars and ear tags most likely was, given what they said an hour before and after.

A hidden Markov model of two states, read forward and backward (Rabiner 1989) in steps of ten seconds. The most likely
path (Viterbi) would name a posture for every step, sure or not; the posterior also says where neither is likely enough,
and nothing is told there. Unknown steps have no say.

The hours of UTC are smoothed one by one, each with `MARGIN_S` around it, so that the posture of a second is a function
of the seconds within `REACH_S`, whatever span is read and in whatever order they came.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.timeline import BUCKET_S
from stream.behaviour.bouts import LYING, STANDING, UNKNOWN, Flags, Postures

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]

STEP_S: Final = 10
BLOCK_S: Final = 3600
MARGIN_S: Final = 3600

BOUT_S: Final = 1680
"""Mean bout of either posture: those of housed dairy goats last 22 to 34 minutes (Ruminants 2023, 3(2):10)."""
SAID_STANDING: Final = (0.1, 0.9)
"""Probability that a known step says standing if the animal lies, and if it stands: 0.10 and 0.92 on simulated collars
without labels (21 goats of the seeds 1 to 6)."""
LASTS: Final = 12.0
"""Steps that count as one witness: a collar that errs goes on erring while the neck stays as it is. The correlation of
errors fell to a third after 9 steps of standing there, and after 20 of lying. With it a bout must go on for ten minutes
to be believed between two long ones of the other posture."""
SURE: Final = 0.8
"""Probability from which a posture is told: four to one."""
FILLED_S: Final = 300
"""An unknown time that is longer stays unknown. A collar that turned tells of movement alone, so what it leaves out is
not left out by chance. So does doubt that is longer; a shorter one between lying and standing is none but of the moment
at which the animal rose or lay down."""
REACH_S: Final = BLOCK_S + MARGIN_S + FILLED_S
"""Further away from a second nothing matters."""

_STAY: Final = 1 - STEP_S / BOUT_S
_BLOCK: Final = BLOCK_S // STEP_S
_MARGIN: Final = MARGIN_S // STEP_S
_STEPS: Final = BUCKET_S // STEP_S  # of a bucket


def smoothed(seconds: Postures, inferred: Flags, received: NDArray[np.int64], *, first: int) -> Postures:
    """Return the postures of animals as they are most likely, unknown where none is likely enough.

    Args:
        seconds: 1 standing, 0 lying, -1 unknown, in n buckets, shape (animals, 900 n).
        inferred: Buckets told by neck collars and ear tags alone, shape (animals, n); the others are returned as they
            are, and have no say.
        received: Seconds of which anything was received, shape (animals, n). Unless that is the whole bucket, its
            unknown seconds stay unknown: nothing is told of what nobody measured.
        first: The first second since 1970, start of a bucket.
    """
    if not inferred.any():
        return seconds
    steps = seconds.reshape(len(seconds), -1, STEP_S)
    standing = (steps == STANDING).sum(axis=2, dtype=np.int8)
    lying = (steps == LYING).sum(axis=2, dtype=np.int8)
    odds = np.where(np.repeat(inferred, _STEPS, axis=1), ODDS[standing, lying], 1.0)
    posterior = standing_probability(odds, first=first)
    likely = np.select([posterior >= SURE, posterior <= 1 - SURE], [STANDING, LYING], UNKNOWN).astype(np.int8)
    likely = np.where(_changes(likely), (posterior >= 1 / 2).astype(np.int8), likely)
    filled = np.repeat(received == BUCKET_S, _STEPS, axis=1) & ~_long_gaps(standing + lying == 0)
    told = np.repeat(filled, STEP_S, axis=1) | (seconds != UNKNOWN)
    inferring = np.repeat(inferred, BUCKET_S, axis=1)
    return np.where(inferring, np.where(told, np.repeat(likely, STEP_S, axis=1), np.int8(UNKNOWN)), seconds)


def _changes(likely: Postures) -> Flags:
    """Tell which steps are a brief doubt between two postures; shape (animals, steps)."""
    rows, starts, ends = _runs(likely == UNKNOWN)
    before, after = likely[rows, starts - 1], likely[rows, np.minimum(ends, likely.shape[1] - 1)]
    inside = (starts > 0) & (ends < likely.shape[1])
    brief = inside & (before != after) & ((ends - starts) * STEP_S <= FILLED_S)
    return _spread(likely.shape, rows[brief], starts[brief], ends[brief])


def _long_gaps(unknown: Flags) -> Flags:
    """Tell which unknown steps are part of a time that is too long to be filled; shape (animals, steps)."""
    rows, starts, ends = _runs(unknown)
    long = (ends - starts) * STEP_S > FILLED_S
    return _spread(unknown.shape, rows[long], starts[long], ends[long])


def _runs(flags: Flags) -> tuple[Steps, Steps, Steps]:
    """Return the row, the first step and the one after the last of each run."""
    edges = np.diff(np.pad(flags, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (rows, starts), (_, ends) = (np.nonzero(edges == sign) for sign in (1, -1))
    return rows, starts, ends


def _spread(shape: tuple[int, ...], rows: Steps, starts: Steps, ends: Steps) -> Flags:
    """Return flags that are set in some runs."""
    edges = np.zeros((shape[0], shape[1] + 1), dtype=np.int8)
    edges[rows, starts] = 1
    edges[rows, ends] = -1
    return np.cumsum(edges[:, :-1], axis=1, dtype=np.int8) > 0


def standing_probability(odds: Floats, *, first: int) -> Floats:
    """Return the probability of standing in each step.

    Args:
        odds: How much likelier what was said in each step is if the animal stands, shape (animals, steps).
        first: Start of the first step, seconds since 1970, a multiple of ten.
    """
    before = first % BLOCK_S // STEP_S
    after = -(before + odds.shape[1]) % _BLOCK
    padded = np.pad(odds, ((0, 0), (before + _MARGIN, after + _MARGIN)), constant_values=1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK + 2 * _MARGIN, axis=1)[:, ::_BLOCK]
    rows = around.reshape(-1, _BLOCK + 2 * _MARGIN)
    found = np.full((len(rows), _BLOCK), 0.5)
    heard = (rows != 1).any(axis=1)
    found[heard] = _in_the_middle(np.ascontiguousarray(rows[heard].T)).T
    return found.reshape(len(odds), -1)[:, before : before + odds.shape[1]]


def _in_the_middle(odds: Floats) -> Floats:
    """Return the probability of standing in the steps between both margins; a step a row."""
    found = np.empty((_BLOCK, odds.shape[1]))
    ahead = np.full(odds.shape[1], 0.5)
    for step in range(_MARGIN + _BLOCK):
        ahead = _heard(_away(ahead), odds[step])
        if step >= _MARGIN:
            found[step - _MARGIN] = ahead
    back = np.full(odds.shape[1], 0.5)  # what all later steps say, as a probability of standing
    for step in range(len(odds) - 1, _MARGIN - 1, -1):
        if step < _MARGIN + _BLOCK:
            found[step - _MARGIN] = _heard(found[step - _MARGIN], back / (1 - back))
        back = _away(_heard(back, odds[step]))
    return found


def _away(standing: Floats) -> Floats:
    """Return what a probability is a step away, either way in time."""
    return standing * (2 * _STAY - 1) + (1 - _STAY)


def _heard(standing: Floats, odds: Floats) -> Floats:
    """Return what a probability is once something of these odds was heard."""
    stands = standing * odds
    return np.asarray(stands / (stands + (1 - standing)))


def _odds() -> Floats:
    """Return the odds of a step by its seconds that are said to stand and its seconds that are said to lie."""
    if_lies, if_stands = SAID_STANDING
    count = np.arange(STEP_S + 1) / (STEP_S * LASTS)
    of_standing, of_lying = np.log(if_stands / if_lies), np.log((1 - if_stands) / (1 - if_lies))
    return np.asarray(np.exp(count[:, None] * of_standing + count * of_lying))


ODDS: Final = _odds()

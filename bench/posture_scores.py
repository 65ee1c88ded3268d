"""How good a rule for posture is: seconds right, wrong and unknown, and for how long it errs without a break."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Postures = NDArray[np.int8]
Integers = NDArray[np.int64]

STANDING: Final = 1
LYING: Final = 0
UNKNOWN: Final = -1


class Judged(NamedTuple):
    """What a rule said of the n stretches of one animal, in order of time.

    Attributes:
        start: Milliseconds since 1970, inclusive, shape (n,).
        end: Milliseconds since 1970, exclusive, shape (n,).
        truth: 1 standing, 0 lying, -1 not observed, shape (n,).
        said: 1 standing, 0 lying, -1 unknown, shape (n,).
    """

    start: Integers
    end: Integers
    truth: Postures
    said: Postures

    def part(self, where: NDArray[np.bool_]) -> "Judged":
        """Return some of the stretches."""
        return Judged(self.start[where], self.end[where], self.truth[where], self.said[where])


def figures(judged: Iterable[Judged]) -> dict[str, Any]:
    """Return the confusion in seconds and what follows from it; a share of nothing is `None`."""
    confusion = np.zeros((2, 3))
    for one in judged:
        seen = one.truth != UNKNOWN
        lengths = (one.end - one.start)[seen] / 1000
        np.add.at(confusion, (one.truth[seen], one.said[seen] + 1), lengths)
    known = confusion[:, 1:]
    recalls = [_share(known[posture, posture], known[posture].sum()) for posture in (LYING, STANDING)]
    return {
        "seconds": round(float(confusion.sum())),
        "confusion_s": {
            truth: dict(zip(("unknown", "lying", "standing"), confusion[row].round().astype(int).tolist(), strict=True))
            for row, truth in enumerate(("lying", "standing"))
        },
        "balanced_accuracy": None if None in recalls else round(sum(r for r in recalls if r is not None) / 2, 4),
        "lying_found": recalls[0],
        "standing_found": recalls[1],
        "lying_precision": _share(known[LYING, LYING], known[:, LYING].sum()),
        "standing_precision": _share(known[STANDING, STANDING], known[:, STANDING].sum()),
        "unknown": _share(confusion[:, 0].sum(), confusion.sum()),
    }


def by_behaviour(judged: Sequence[Judged], names: Sequence[NDArray[np.str_]]) -> dict[str, dict[str, float | None]]:
    """Return for each behaviour its share of the observed time, and how much of it is right, wrong and unknown."""
    total = sum(float((one.end - one.start)[one.truth != UNKNOWN].sum()) for one in judged)
    found: dict[str, NDArray[np.float64]] = {}
    for one, of in zip(judged, names, strict=True):
        outcome = np.where(one.said == UNKNOWN, 2, np.where(one.said == one.truth, 0, 1))
        for name in np.unique(of[one.truth != UNKNOWN]).tolist():
            here = (of == name) & (one.truth != UNKNOWN)
            counted = np.bincount(outcome[here], weights=(one.end - one.start)[here], minlength=3)
            found[name] = found.get(name, np.zeros(3)) + counted
    return {
        name: {"share": _share(counted.sum(), total)}
        | {what: _share(counted[place], counted.sum()) for place, what in enumerate(("right", "wrong", "unknown"))}
        for name, counted in sorted(found.items())
    }


def longest_wrong_s(judged: Judged) -> float:
    """Return the longest time from a first wrong stretch to a last one without a right one between them, seconds.

    Unknown stretches in between do not end it: who looks sees a wrong posture that nothing takes back.
    """
    longest, since = 0, None
    for start, end, truth, said in zip(*(column.tolist() for column in judged), strict=True):
        if UNKNOWN in {truth, said}:
            continue
        since = None if truth == said else start if since is None else since
        longest = max(longest, 0 if since is None else end - since)
    return longest / 1000


def wrong_of_known(judged: Iterable[Judged]) -> float | None:
    """Return the share of the known time that is wrong."""
    known, wrong = 0.0, 0.0
    for one in judged:
        told = (one.truth != UNKNOWN) & (one.said != UNKNOWN)
        lengths = one.end - one.start
        known += float(lengths[told].sum())
        wrong += float(lengths[told & (one.truth != one.said)].sum())
    return _share(wrong, known)


def compared(rules: Mapping[str, Sequence[Judged]]) -> dict[str, dict[str, Any]]:
    """Return the figures of each rule over all animals, and their balanced accuracy animal by animal."""
    return {
        name: figures(judged) | {"by_animal": [figures([one])["balanced_accuracy"] for one in judged]}
        for name, judged in rules.items()
    }


def _share(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None

"""Where a neck points, seen from the seat of its collar: the upright anchor that walking has told.

A collar sits on each neck at its own angle and turns with time, so angles mean something only beside the anchor: the
direction of gravity, in forward, up, right, while the animal walks.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Seat(NamedTuple):
    """How a collar sits.

    Attributes:
        anchor: Unit vector of gravity while walking: forward, up, right.
        spread_deg: Angle to the anchor that two thirds of the walking stay below, degrees.
    """

    anchor: tuple[float, float, float]
    spread_deg: float


class Seats(NamedTuple):
    """How the collars sit that n stretches come from.

    Attributes:
        anchor: As of a `Seat`; zeros where it isn't known, shape (n, 3).
        known: Whether it is, shape (n,).
        turned: Whether the collar has turned since, shape (n,).
        off: Whether nothing moves it, shape (n,).
    """

    anchor: Floats
    known: NDArray[np.bool_]
    turned: NDArray[np.bool_]
    off: NDArray[np.bool_]

    def part(self, where: NDArray[np.int64]) -> "Seats":
        """Return the seats of some of the stretches."""
        return Seats(self.anchor[where], self.known[where], self.turned[where], self.off[where])


def seat_of(parameters: Mapping[str, Any]) -> Seat | None:
    """Read a calibration's parameters; `None` where they hold no anchor."""
    anchor = parameters.get("anchor")
    if anchor is None:
        return None
    forward, up, right = (float(part) for part in anchor)
    return Seat((forward, up, right), float(parameters.get("spread_deg", 0.0)))


def pitch_deg(gravity: Floats, seat: Seat | Seats) -> Floats:
    """Return how far the neck points above its direction while walking, degrees; shape (n,) of gravity (n, 3).

    Turning the collar around the neck does not change it.
    """
    return np.asarray(_elevation(gravity) - _elevation(_anchors(seat)))


def roll_deg(gravity: Floats, seat: Seat | Seats) -> Floats:
    """Return the turn around the neck since the anchor, -180 to 180 degrees; shape (n,) of gravity (n, 3)."""
    anchor = _anchors(seat)
    turned = np.arctan2(gravity[:, 2], gravity[:, 1]) - np.arctan2(anchor[:, 2], anchor[:, 1])
    return np.asarray(np.degrees(np.remainder(turned + np.pi, 2 * np.pi) - np.pi))


def _anchors(seat: Seat | Seats) -> Floats:
    return np.asarray(seat.anchor, dtype=np.float64).reshape(-1, 3)


def steepness(gravity: Floats) -> Floats:
    """Return the share of gravity along the neck, 0 to 1; near 1 the roll means nothing."""
    return np.asarray(np.abs(_share_ahead(gravity)))


def _elevation(gravity: Floats) -> Floats:
    return np.asarray(np.degrees(np.arcsin(_share_ahead(gravity))))


def _share_ahead(gravity: Floats) -> Floats:
    norm = np.sqrt((gravity * gravity).sum(axis=1))
    return np.asarray(np.clip(gravity[:, 0] / np.maximum(norm, 1e-9), -1, 1))

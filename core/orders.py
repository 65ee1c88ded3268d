"""Which orders make a SARIMAX: whoever asks for one is told at once, and not when a worker comes to it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

MOST_STATES: Final = 3000
"""States of the largest state space that is built: a fit holds several square matrices of them, 72 MB each."""

Order = tuple[int, int, int]
SeasonalOrder = tuple[int, int, int, int]


def states_of(order: Order, seasonal_order: SeasonalOrder) -> int:
    """Return the size of a state space in levels: the lags that it looks back, and one for each that is differenced."""
    (p, d, q), (seasonal_p, seasonal_d, seasonal_q, season) = order, seasonal_order
    return max(p + seasonal_p * season, q + seasonal_q * season + 1) + d + seasonal_d * season


def fault_of(
    order: Order,
    seasonal_order: SeasonalOrder,
    *,
    harmonics: int,
    weekly_harmonics: int,
    regressors: Sequence[str],
    history: timedelta,
) -> str | None:
    """Return the first rule that such a model breaks, whatever the step of its series."""
    counts = (*order, *seasonal_order, harmonics, weekly_harmonics)
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return "orders and harmonics are whole and not negative"
    (p, _, q), (seasonal_p, _, seasonal_q, season) = order, seasonal_order
    states = states_of(order, seasonal_order)
    rules = {
        "seasonal orders need a season of at least 2 steps": season >= 2 or not any(seasonal_order[:3]),
        "orders are below the season": (p < season or not seasonal_p) and (q < season or not seasonal_q),
        f"a state space has up to {MOST_STATES} states, not {states}": states <= MOST_STATES,
        "a week has up to 6 harmonics; its 7th is the first of the day": weekly_harmonics <= 6,
        "harmonics of the week need a history of 14 days": not weekly_harmonics or history >= timedelta(days=14),
        "the history is at least a day": history >= timedelta(days=1),
        "a regressor is named once": len(set(regressors)) == len(regressors),
    }
    return next((rule for rule, kept in rules.items() if not kept), None)

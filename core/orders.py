"""Which orders make a SARIMAX: whoever asks for one is told at once, and not when a worker comes to it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from core.problem_texts import Said, say

MOST_STATES: Final = 3000
"""States of the largest state space that is built: a fit holds several square matrices of them, 72 MB each."""

Order = tuple[int, int, int]
SeasonalOrder = tuple[int, int, int, int]


class Fault(NamedTuple):
    """A rule that a model breaks, and which of its members says so."""

    member: str
    rule: Said


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
) -> Fault | None:
    """Return the first rule that such a model breaks, whatever the step of its series."""
    counts = (*order, *seasonal_order, harmonics, weekly_harmonics)
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return Fault("order", say("orders_whole"))
    (p, _, q), (seasonal_p, _, seasonal_q, season) = order, seasonal_order
    states = states_of(order, seasonal_order)
    below = (p < season or not seasonal_p) and (q < season or not seasonal_q)
    rules = (
        (season >= 2 or not any(seasonal_order[:3]), "seasonal_order", say("orders_no_season")),
        (below, "order", say("orders_below_season", season=season)),
        (states <= MOST_STATES, "seasonal_order", say("orders_states", most=MOST_STATES, states=states)),
        (weekly_harmonics <= 6, "weekly_harmonics", say("orders_week")),
        (not weekly_harmonics or history >= timedelta(days=14), "weekly_harmonics", say("orders_short_for_week")),
        (history >= timedelta(days=1), "history_days", say("orders_short")),
        (len(set(regressors)) == len(regressors), "regressors", say("orders_regressor_twice")),
    )
    return next((Fault(member, rule) for kept, member, rule in rules if not kept), None)

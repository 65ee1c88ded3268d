"""Whether a challenger wins: both forecast the same held-out origins, and chance must be an unlikely reason."""

from dataclasses import dataclass
from typing import Any, Final

from forecast.choosing.comparing import ALL, Comparison, plain

LEVEL: Final = 0.05
"""How often, at most, a challenger that is no better wins."""

TEST: Final = "Diebold-Mariano, one-sided, long-run variance over overlapping horizons"
"""See `forecast.choosing.loss_difference`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison of a champion with a challenger found.

    Attributes:
        wins: Whether the challenger errs less, beyond what chance does.
        evidence: Test, p-value, errors and origins, as plain data.
    """

    wins: bool
    evidence: dict[str, Any]


def verdict_of(found: Comparison) -> Verdict:
    """Judge a comparison of a champion, first, with a challenger, second."""
    champion, challenger = (sums[ALL].rmse for sums in found.accuracy)
    difference = found.against_first[0][ALL]
    evidence = {
        "test": TEST,
        "p_value": difference.p,
        "level": LEVEL,
        "statistic": difference.statistic,
        **plain({"rmse_champion": champion, "rmse_challenger": challenger}),
        "origins": difference.origins,
        "targets": difference.targets,
        "first_origin": found.first_origin.isoformat(),
        "last_origin": found.last_origin.isoformat(),
    }
    if difference.reason:
        evidence["untested"] = difference.reason
    return Verdict(difference.p < LEVEL, evidence)

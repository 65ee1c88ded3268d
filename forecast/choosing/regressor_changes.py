"""What a search for regressors means for models that have others: the same model with these, if it wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.timeline import BUCKET
from forecast.choosing.candidates import Known, family_of
from forecast.choosing.comparing import Comparison, compare
from forecast.choosing.verdicts import Verdict, verdict_of
from forecast.inputs import History
from forecast.regressors.design import Site
from forecast.specification import Specification


@dataclass(frozen=True, slots=True)
class Change:
    """A series whose model has other regressors than those that are kept.

    Attributes:
        series_id: The series.
        present: Its model.
        to: The same with the regressors that are kept, and those that could not be judged.
        verdict: On the present regressors beside those that are kept, on the groups of the farm and origins that the
            search has not seen; in a model of the default's kind where fitting the present one takes seconds.
    """

    series_id: int
    present: Specification
    to: Specification
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        models = {"series": self.series_id, "champion": str(self.present), "challenger": str(self.to)}
        return self.verdict.evidence | models


def changes_to(
    kept: Sequence[str],
    present: Mapping[int, Specification],
    pool: Sequence[History],
    known: Known,
    *,
    site: Site,
    origins: Sequence[int],
) -> list[Change]:
    """Return the series whose models have other regressors than those that a search kept; each model is judged once.

    Args:
        kept: Regressors.
        present: Models by id of the series.
        pool: The histories that were searched on.
        known: What was known at origins.
        site: Clock, place and events.
        origins: Those of the test, of which the search has seen no target.
    """

    def beside(one: Specification) -> Comparison:
        judged = replace(family_of(one), regressors=tuple(name for name in one.regressors if name in known.regressors))
        return compare(
            pool,
            [judged, replace(judged, regressors=tuple(kept))],
            site=site,
            columns_at=known.columns_at,
            origins=origins,
            horizon=judged.steps_per_day,
        )

    found: dict[Specification, tuple[Specification, Verdict]] = {}
    for one in dict.fromkeys(present.values()):
        to = replace(one, regressors=(*kept, *(name for name in one.regressors if name not in known.regressors)))
        if one.step == BUCKET and set(to.regressors) != set(one.regressors):
            found[one] = to, verdict_of(beside(one))
    return [Change(series_id, one, *found[one]) for series_id, one in present.items() if one in found]

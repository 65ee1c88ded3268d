"""What a search for regressors means for models that have others: the same model with these, if it errs less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.timeline import BUCKET
from forecast.choosing.candidates import Known, family_of
from forecast.choosing.comparing import ALL, Comparison, compare, plain
from forecast.choosing.selection import Selection
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
        comparison: The present regressors beside those that are kept, on the groups of the farm and the origins of the
            search; in a model of the default's kind where fitting the present one takes seconds.
    """

    series_id: int
    present: Specification
    to: Specification
    comparison: Comparison

    @property
    def lowers(self) -> bool:
        """Whether the rolling error is lower with the regressors that are kept."""
        present, changed = (sums[ALL].rmse for sums in self.comparison.accuracy)
        return changed < present

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        present, changed = (sums[ALL].rmse for sums in self.comparison.accuracy)
        found = self.comparison.against_first[0][ALL]
        figures = plain({"rmse_champion": present, "rmse_challenger": changed, "p_value": found.p})
        return figures | {
            "series": self.series_id,
            "champion": str(self.present),
            "challenger": str(self.to),
            "rule": "the lower rolling error of the groups of the farm, a day ahead",
            "origins": found.origins,
            "targets": found.targets,
            "first_origin": self.comparison.first_origin.isoformat(),
            "last_origin": self.comparison.last_origin.isoformat(),
        }


def changes_to(
    selection: Selection, present: Mapping[int, Specification], pool: Sequence[History], known: Known, site: Site
) -> list[Change]:
    """Return the series whose models have other regressors than those that a search kept; each model is judged once.

    Args:
        selection: The search.
        present: Models by id of the series.
        pool: The histories that were searched on.
        known: The origins of the search and what was known there.
        site: Clock, place and events.
    """
    found: dict[Specification, tuple[Specification, Comparison]] = {}
    for one in dict.fromkeys(present.values()):
        to = replace(one, regressors=(*selection.kept, *(n for n in one.regressors if n not in known.regressors)))
        if one.step == BUCKET and set(to.regressors) != set(one.regressors):
            found[one] = to, _beside(selection, one, pool, known, site)
    return [Change(series_id, one, *found[one]) for series_id, one in present.items() if one in found]


def _beside(
    selection: Selection, present: Specification, pool: Sequence[History], known: Known, site: Site
) -> Comparison:
    """Return the regressors of a model beside those that are kept, from the search itself if it looked at these."""
    judged = replace(family_of(present), regressors=tuple(n for n in present.regressors if n in known.regressors))
    if judged == selection.comparison.specifications[0]:
        return selection.comparison
    return compare(
        pool,
        [judged, replace(judged, regressors=selection.kept)],
        site=site,
        columns_at=known.columns_at,
        origins=known.origins,
        horizon=judged.steps_per_day,
    )

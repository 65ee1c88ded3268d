"""Which regressors a model keeps: those without which the rolling error is higher, and the record that shows it.

A few weeks of one series hold a handful of independent horizons, too few to tell a small effect from chance. So the
groups of a farm, which share weather, sun and milking, are judged together, each origin's targets of all groups as one,
so that what they do alike counts once; and a day ahead is judged, not two, which makes twice as many horizons.

Two bars, since two errors differ in cost. A regressor of the model that is begun with has reasons behind it, and stays
if the errors speak for it at `STAY`; one more must be told from chance at `ENTER`, divided by how many are looked at.
First the weakest is left out until all left earn their place, then the strongest of the others is taken in: for k in
and m out that is k + m + 1 models of the rolling error, and as many again for each further step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final

from forecast.choosing.comparing import ALL, ColumnsAt, Comparison, HeldOut, hold_out, plain, side_by_side
from forecast.inputs import History
from forecast.model.predicting import ANYWHERE
from forecast.regressors.design import Site
from forecast.specification import Specification

STAY: Final = 0.2
"""Chance with which a regressor that explains nothing keeps its place, at most."""

ENTER: Final = 0.05
"""Chance with which any regressor that explains nothing is taken in, at most."""

ROUNDING: Final = 1e-9
"""Share of the squared error below which a difference is one of the last digits, as of a column that never changes."""

EVERY: Final = 61
"""Slots between origins: prime to the slots of a day, so that they come by all hours; closer ones tell little more."""

DAYS: Final = 28
"""Days that are looked at, at most; at most half of what there is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A regressor as it was last judged, beside those that the model had then.

    Attributes:
        regressor: Its name.
        rmse_with: Root mean squared error with it.
        rmse_without: The same without it.
        difference: Mean squared error without it less that with it; positive where it helps.
        standard_error: Of the difference; NaN where none can be told.
        p: How often such a difference or a greater one comes up if it does not matter.
        bar: What p must not exceed.
        origins: Origins that it was judged on.
        kept: Whether it is in the model.
    """

    regressor: str
    rmse_with: float
    rmse_without: float
    difference: float
    standard_error: float
    p: float
    bar: float
    origins: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What came of a search.

    Attributes:
        specification: The model that was begun with, with the regressors that are kept.
        tried: Each regressor that was judged, those kept first.
        models: How many models were judged.
        comparison: The model that was begun with beside `specification`, on the same origins.
    """

    specification: Specification
    tried: tuple[Tried, ...]
    models: int
    comparison: Comparison

    @property
    def kept(self) -> tuple[str, ...]:
        """The regressors of the model."""
        return self.specification.regressors

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data; `None` where a figure cannot be told."""
        return {
            "kept": list(self.kept),
            "tried": [plain(asdict(one)) for one in self.tried],
            "models": self.models,
            "first_origin": self.comparison.first_origin.isoformat(),
            "last_origin": self.comparison.last_origin.isoformat(),
        }


def selection_origins(until: int, day: int) -> range:
    """Return origins a day ahead of which ends by a slot, as numbers of slots before them.

    They are of the 28 days before that slot, or of the last half of what there is if that is shorter.
    """
    return range(until - min(DAYS * day, until // 2), until - day + 1, EVERY)


def select(
    histories: Sequence[History],
    specification: Specification,
    candidates: Sequence[str],
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
    origins: Sequence[int] | None = None,
    on_model: Callable[[int], None] = lambda _: None,
) -> Selection:
    """Search for the regressors that a model of some series keeps.

    Args:
        histories: Whole series of one start, step and length, judged together.
        specification: The model that is begun with.
        candidates: Further regressors that there are, known at each origin.
        site: Clock, place and events.
        columns_at: Further columns as they were known at an origin.
        origins: Slots before each, rising; by default `selection_origins`.
        on_model: Called with how many models have been judged, after each.

    Raises:
        RegressorError: a column is missing or not whole at an origin.
    """
    chosen = selection_origins(len(histories[0]), specification.steps_per_day) if origins is None else origins
    judge = partial(
        hold_out,
        histories,
        site=site,
        columns_at=columns_at,
        origins=chosen,
        horizon=specification.steps_per_day,
    )
    search = _Search(histories[0], specification, judge, on_model)
    left = tuple(search.left_out(specification.regressors))
    outside = [name for name in dict.fromkeys(candidates) if name not in specification.regressors]
    kept = (*left, *search.taken_in(left, outside))
    return search.result(kept)


class _Search:
    """Models judged so far, and what was said of each regressor last."""

    def __init__(
        self,
        grid: History,
        begun_with: Specification,
        judge: Callable[[Specification], HeldOut],
        on_model: Callable[[int], None],
    ) -> None:
        self._grid, self._begun_with, self._judge, self._on_model = grid, begun_with, judge, on_model
        self._judged: dict[frozenset[str], HeldOut] = {}
        self._said: dict[str, Tried] = {}

    def left_out(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out the weakest until all left earn their place; return these."""
        while names:
            judged = [self._tried(name, names, STAY) for name in names]
            self._said |= {one.regressor: one for one in judged}
            weakest = max(judged, key=lambda one: one.p)
            if weakest.kept or weakest.origins < 2:  # where nothing can be told, what was begun with stays
                break
            names = _without(names, weakest.regressor)
        return names

    def taken_in(self, names: tuple[str, ...], outside: Sequence[str]) -> Iterator[str]:
        """Take in the strongest of those outside while it can be told from chance; yield each."""
        looks = max(1, len(outside))
        while outside:
            judged = [self._tried(name, (*names, name), ENTER / looks) for name in outside]
            self._said |= {one.regressor: one for one in judged}
            strongest = min(judged, key=lambda one: one.p)
            if not strongest.kept:
                break
            yield strongest.regressor
            names = (*names, strongest.regressor)
            outside = [one.regressor for one in judged if one.p <= ENTER and one is not strongest]

    def result(self, kept: tuple[str, ...]) -> Selection:
        """Return what came of it."""
        comparison = self._compared(self._begun_with.regressors, kept)
        said = [replace(one, kept=name in kept) for name, one in self._said.items()]
        return Selection(
            specification=comparison.specifications[1],
            tried=tuple(sorted(said, key=lambda one: not one.kept)),
            models=len(self._judged),
            comparison=comparison,
        )

    def _tried(self, name: str, names: tuple[str, ...], bar: float) -> Tried:
        """Judge a regressor of a model by the same model without it."""
        found = self._compared(_without(names, name), names)
        without, with_it = (sums[ALL].rmse for sums in found.accuracy)
        test = found.against_first[0][ALL]
        p = 1.0 if abs(test.mean) <= ROUNDING * without**2 else test.p
        return Tried(name, with_it, without, test.mean, test.standard_error, p, bar, test.origins, kept=p <= bar)

    def _compared(self, first: tuple[str, ...], second: tuple[str, ...]) -> Comparison:
        return side_by_side(self._grid, [self._held(first), self._held(second)])

    def _held(self, names: tuple[str, ...]) -> HeldOut:
        key = frozenset(names)
        if key not in self._judged:
            self._judged[key] = self._judge(replace(self._begun_with, regressors=names))
            self._on_model(len(self._judged))
        return self._judged[key]


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)

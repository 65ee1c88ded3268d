"""What is known, at an origin, of the future of the columns that a user's file brings.

A file that reaches into the future says itself what is known of it. Looked at from an earlier origin the same rows are
hindsight: a temperature that was measured later was not known, a feeding plan was. So each column has a rule, which the
user states, and which is applied at every origin alike:

- `known`: the values of the file, because they were known in advance (a plan, a calendar, a tariff);
- `last`: the last value before the origin goes on;
- `day`: the newest value at the same time of day before the origin comes again;
- a number: it is taken for all of the future.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

import numpy as np

from core.regressors import SKY
from forecast.inputs import Floats, History
from forecast.life.ratio_file import SeriesTable
from forecast.model.baselines import by_day
from forecast.regressors.design import RegressorError, Site
from forecast.specification import DAY, HORIZON

Rule = Literal["known", "last", "day"] | float

_NAMED: Final[tuple[Literal["known", "last", "day"], ...]] = ("known", "last", "day")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnsAhead:
    """Columns of a file as they are known at any origin; made by `columns_ahead`.

    Attributes:
        history: The series that the columns stand beside.
        columns: By name, each of shape `(len(history) + later,)`, NaN for gaps.
        rules: By name, for every column.
    """

    history: History
    columns: Mapping[str, Floats]
    rules: Mapping[str, Rule]

    def at(self, origin: int, horizon: int = HORIZON) -> dict[str, Floats]:
        """Return the columns up to an origin, and what is known there of the future; shape `(origin + horizon,)` each.

        From an origin within the history, steps behind the end of the file, for which there is no truth either, repeat
        the last value of what is known.

        Args:
            origin: Slots of the history before it.
            horizon: Steps.

        Raises:
            RegressorError: of a step nothing is known; it names the column and the first instant.
        """
        return {name: self._one(name, values, origin, horizon) for name, values in self.columns.items()}

    def _one(self, name: str, values: Floats, origin: int, horizon: int) -> Floats:
        past, later = values[:origin], values[origin : origin + horizon]
        ahead = _foretold(past, later, self.rules[name], DAY // self.history.step, horizon)
        if self.rules[name] == "known" and origin < len(self.history):
            ahead[len(later) :] = ahead[len(later) - 1]
        lacking = np.flatnonzero(~np.isfinite(ahead))
        if len(lacking):
            at = self.history.start + (origin + int(lacking[0])) * self.history.step
            raise RegressorError(
                f"the column {name!r} has no value for {at:%Y-%m-%d %H:%M} UTC, which is ahead of the origin, and the "
                f"rule {_shown(self.rules[name])!r} gives none: fill it in, or state another with --future {name}=RULE"
            )
        return np.concatenate((past, ahead))


def columns_ahead(
    table: SeriesTable, rules: Mapping[str, Rule], site: Site, given: Collection[str] = ()
) -> ColumnsAhead:
    """Join the columns of a file with their rules.

    Args:
        table: What the file holds.
        rules: By the name of the column.
        site: Whose events have names of their own.
        given: Regressors of the model that the site gives, after which no column of the file may be named.

    Raises:
        RegressorError: a column has no rule or a rule no column, or a name means something else already.
    """
    taken = SKY | {event.name for event in site.events}
    for name in sorted((taken & table.columns.keys()) | (table.header & set(given))):
        raise RegressorError(f"the file has a column {name!r}, the name of a regressor that the farm gives; rename it")
    for name in table.columns:
        if name not in rules:
            raise RegressorError(
                f"say what is known ahead of the column {name!r}: --future {name}=RULE, where RULE is known (what "
                "the file has was known in advance), last, day or a number"
            )
    for name in rules.keys() - table.columns.keys():
        raise RegressorError(f"there is a rule for {name!r}, which is no regressor of the file")
    return ColumnsAhead(table.history, table.columns, dict(rules))


def rules_of(texts: Sequence[str]) -> dict[str, Rule]:
    """Read rules written `NAME=RULE`.

    >>> rules_of(["temperature=day", "visitors=0"])
    {'temperature': 'day', 'visitors': 0.0}

    Raises:
        RegressorError: one is written otherwise, or a name has two.
    """
    rules: dict[str, Rule] = {}
    for text in texts:
        name, equals, rule = (part.strip() for part in text.rpartition("="))
        if not (name and equals):
            raise RegressorError(f"{text!r} is not NAME=RULE")
        if name in rules:
            raise RegressorError(f"there are two rules for {name!r}")
        rules[name] = _rule(rule)
    return rules


def _rule(text: str) -> Rule:
    for name in _NAMED:
        if text == name:
            return name
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if isfinite(value):
        return value
    raise RegressorError(f"{text!r} is no rule for the future of a column: known, last, day or a number")


def _shown(rule: Rule) -> str:
    return rule if isinstance(rule, str) else f"{rule:g}"


def _foretold(past: Floats, later: Floats, rule: Rule, day: int, horizon: int) -> Floats:
    """Return what a rule says of the steps after `past`, shape `(horizon,)`; NaN where it says nothing."""
    ahead = np.full(horizon, np.nan)
    if rule == "known":
        ahead[: len(later)] = later
    elif rule == "last":
        known = past[np.isfinite(past)]
        ahead[:] = known[-1] if len(known) else np.nan
    elif rule == "day":
        days = by_day(past, day)
        newest = len(days) - 1 - np.argmax(np.isfinite(days)[::-1], axis=0)
        ahead[:] = days[newest, np.arange(day)][np.arange(horizon) % day]
    else:
        ahead[:] = rule
    return ahead

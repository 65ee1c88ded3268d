"""The few measures by which an animal's day is judged, on scales on which days spread alike.

Hours standing as they are; lying bouts as the root of their number, whose spread hardly depends on it; the longest
lying bout as its logarithm.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.animals.behaviour import Sheet
from stream.behaviour.bouts import Seconds
from stream.behaviour.spans import SPAN_S, Spans

Floats = NDArray[np.float64]

MEASURES: Final = ("standing_h", "lying_bouts", "interruptions", "longest_lying_h", "night_rest_h")
"""Standing hours, bouts and interruptions are those of 24 hours, scaled from what is known; the rest of a night goes
from the first lying down to the last rise between 20:00 and 8:00: of days only, spans do not tell it."""

PRIOR_SD: Final = (1.72, 0.31, 0.48, 0.3, 1.0)
"""What stands in on these scales for the SD from day to day where too few animals are known: those of simulated goats
(`animov bench alarms` prints them), for a night's rest a choice."""

LEAST_KNOWN: Final = 0.5
"""Of a span; what is known of less says nothing of the hours standing."""

LEAST_ORDERED: Final = 0.75
"""Of a span; gaps hide bouts, and cut long ones. Days that make a habit are known as well as that, too."""

WIDENING: Final = 2.0
"""Variance that a gap adds, by the ratio of what is missing to what is known, in variances of a whole day:
on simulated goats 1.1 to 2.3 for one gap of 3 to 12 hours."""

_HOUR_S: Final = 3600


class Measured(NamedTuple):
    """Measures of n days or spans.

    Attributes:
        values: On their scales, shape (n, measures); NaN where too little is known.
        widening: By how many times less certain than those of a whole day they are, at least 1; same shape.
    """

    values: Floats
    widening: Floats


class _Known(NamedTuple):
    """Columns of n days or spans, in seconds but for `lie_downs`; NaN where unknown."""

    length_s: Floats
    known_s: Floats
    ordered_s: Floats
    standing_s: Floats
    lie_downs: Floats
    interruptions: Floats
    longest_s: Floats
    rest_s: Floats


def of_spans(spans: Spans) -> Measured:
    """Measure spans of 24 hours."""
    return _spanned(spans, np.full(len(spans.known_s), SPAN_S), LEAST_KNOWN)


def nothing_known() -> Measured:
    """Measure a span in which nothing was heard."""
    return Measured(np.full((1, len(MEASURES)), np.nan), np.ones((1, len(MEASURES))))


def of_whole_days(spans: Spans, length_s: Seconds) -> Measured:
    """Measure days by spans that go from midnight to midnight; the rest of their nights stays unknown."""
    return _spanned(spans, length_s, LEAST_ORDERED)


def of_days(sheets: Sequence[Sheet]) -> Measured:
    """Measure days for a habit: those that are known well enough."""
    rows = [
        (
            one.day_s,
            one.known_s,
            one.ordered_s,
            one.standing_s,
            one.lie_downs,
            one.interruptions,
            one.longest_lying_s,
            _rest_s(one),
        )
        for one in sheets
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(_Known._fields))
    return _measured(_Known._make(table.T), LEAST_ORDERED)


def natural(scaled: Floats) -> Floats:
    """Return measures, in the last axis, as hours and numbers of bouts."""
    found = scaled.copy()
    found[..., 1:3] = np.maximum(scaled[..., 1:3], 0) ** 2
    found[..., 3] = np.exp(scaled[..., 3])
    return found


def _spanned(spans: Spans, length_s: Seconds, least_known: float) -> Measured:
    lengths, *columns = (np.asarray(column, dtype=np.float64) for column in (length_s, *spans[:-1]))
    told = _Known._make([lengths, *columns, np.full(len(lengths), np.nan)])
    return _measured(told._replace(interruptions=np.where(spans.inferred, np.nan, told.interruptions)), least_known)


def _measured(told: _Known, least_known: float) -> Measured:
    coverage, ordered = told.known_s / told.length_s, told.ordered_s / told.length_s
    known_s, ordered_s = np.maximum(told.known_s, 1), np.maximum(told.ordered_s, 1)
    values = np.stack(
        [
            24 * told.standing_s / known_s,
            np.sqrt(SPAN_S * told.lie_downs / ordered_s),
            np.sqrt(SPAN_S * told.interruptions / ordered_s),
            np.log(np.maximum(told.longest_s, 60) / _HOUR_S),
            told.rest_s / _HOUR_S,
        ],
        axis=-1,
    )
    share = np.stack([coverage, ordered, ordered, ordered, ordered], axis=-1)
    least = np.array([least_known] + [LEAST_ORDERED] * 4)
    widening = np.sqrt(1 + WIDENING * (1 - share) / np.maximum(share, 1e-3))
    return Measured(np.where(share >= least, values, np.nan), widening)


def _rest_s(sheet: Sheet) -> float | None:
    first, last = sheet.night_first_lying, sheet.night_last_rise
    return None if first is None or last is None or last < first else (last - first).total_seconds()

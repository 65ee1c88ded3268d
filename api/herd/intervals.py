"""Spans in which something was so: how lists ask for them, and what a correction leaves as it was."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from api.forms.identifiers import LARGEST_ID
from api.forms.times import Instant, refuse_backwards
from api.herd.changing import Body, span
from storage.herds.herd import During

From = Annotated[Instant | None, Query(alias="from", description="Only what lasted into this instant or began later.")]
To = Annotated[Instant | None, Query(description="Only what began before this instant.")]
OneAnimal = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only of this animal.", examples=[7])]
OneGroup = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only of this group.", examples=[3])]
OneCollar = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only of this collar.", examples=[12])]


def asked(start: datetime | None, to: datetime | None) -> During | None:
    """Return the span that a list is about; `None` if it is empty.

    Raises:
        ProblemError: 422, it ends before it begins.
    """
    refuse_backwards(start, to)
    return None if start is not None and start == to else During(start, to)


def corrected(wanted: Body, known: During, start: datetime | None, until: datetime | None) -> During:
    """Return the span of a correction: what the body does not name stays.

    Raises:
        ProblemError: it ends before it begins.
    """
    named = wanted.model_fields_set
    return span(start if "start" in named else known.start, until if "until" in named else known.end)

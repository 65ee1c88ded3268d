"""Parameters that nobody reads are refused on every route, for a misspelt filter would silently not filter."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.forms.problems import Fault, invalid
from core.problem_texts import say


async def refuse_unknown(request: Request) -> None:
    """Refuse a query with a parameter that the route does not know, or with one twice that is good once.

    Raises:
        ProblemError: 422, each of them named.
    """
    route = request.scope.get("route")
    if not request.scope["query_string"] or not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    known = {field.alias: field for field in _query(route.dependant)}
    given = Counter(name for name, _ in request.query_params.multi_items())
    faults = [Fault(name[:_LONGEST], "query", say("unknown_parameter")) for name in given if name not in known]
    faults += [
        Fault(name, "query", say("repeated_parameter"))
        for name, times in given.items()
        if times > 1 and name in known and not _is_list(known[name].field_info.annotation)
    ]
    if faults:
        raise invalid(faults)


KNOWN_ONLY: Final = Depends(refuse_unknown)
"""The dependency of the whole application that does so."""

_LONGEST: Final = 64
"""Characters of an unknown name that are told back."""


def _query(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for below in dependant.dependencies:
        yield from _query(below)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in {list, set, tuple}:
        return True
    return any(_is_list(inner) for inner in getattr(annotation, "__args__", ()))

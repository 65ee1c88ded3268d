"""Links of the description, OpenAPI 3.1 section 4.8.20: where what was made can be asked for, changed and taken back.

A link says which value of an answer is which parameter of another operation. They follow from paths: what a POST to
`/farms/{farm}/groups` makes is at `/farms/{farm}/groups/{group}` or `/groups/{group}`, and what is below belongs to it.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_REF: Final = "#/components/schemas/"
_NAMES: Final = ("id", "name")
"""Members of an answer by which paths call a thing, the first that there is."""

_ELSEWHERE: Final = {"Training": "/v1/trainings"}
"""Answers that tell of things that are made at other paths too."""


def link(description: Schema) -> None:
    """Give each answer that tells of something new the links to all that can be done with it."""
    for path, methods in description["paths"].items():
        for operation in methods.values():
            if "201" in operation["responses"]:
                made = operation["responses"]["201"]
                found = dict(_links(path, made, description))
                if found:
                    made["links"] = found


def _links(path: str, made: Schema, description: Schema) -> Iterator[tuple[str, Schema]]:
    answer = made["content"]["application/json"]["schema"].get("$ref", "").removeprefix(_REF)
    members = description["components"]["schemas"].get(answer, {}).get("properties", {})
    named = next((name for name in _NAMES if name in members), None)
    if named is None:
        return
    places = {path, f"/v1/{path.rpartition('/')[2]}", _ELSEWHERE.get(answer, path)}
    of_thing = re.compile(rf"(?:{'|'.join(map(re.escape, places))})/\{{(\w+)\}}(?:/.*)?")
    known = {name: f"$request.path.{name}" for name in _PARAMETER.findall(path)}
    for other, methods in description["paths"].items():
        if (found := of_thing.fullmatch(other)) is None:
            continue
        values = {**known, found[1]: f"$response.body#/{named}"}
        wanted = _PARAMETER.findall(other)
        if values.keys() >= set(wanted):
            for operation in methods.values():
                parameters = {name: values[name] for name in wanted}
                yield operation["operationId"], {"operationId": operation["operationId"], "parameters": parameters}

"""What the framework can't say of the API by itself: other formats of lists, examples, refusals of every route.

A description goes in and comes out completed; pure functions of it.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from api.forms import csv_text, parquet
from api.forms.linking import link
from api.forms.lists import FIELDS, SOME_FIELDS_TYPE
from api.forms.problems import MEDIA_TYPE
from api.forms.refusals import PROBLEM, problem_schemas, refusal
from api.forms.refusals import SCHEMAS as _REF
from api.forms.refusals import example as example_of_refusal

Schema = dict[str, Any]

_JSON: Final = "application/json"
_OF_ALL: Final = {
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value is missing or not allowed, or a parameter is not known here.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "Path, query and headers are too large together.",
}
_OF_BODIES: Final = {
    HTTPStatus.BAD_REQUEST: "The body can't be read.",
    HTTPStatus.REQUEST_TIMEOUT: "The body came too slowly.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
}
_OF_JSON: Final = {HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of another type, or `Content-Type` is missing."}
_OF_LISTS: Final = {HTTPStatus.NOT_ACCEPTABLE: "None of the formats is accepted."}
_NOT_MODIFIED: Final = {"description": "The client has this answer already, as its `If-None-Match` says."}
_INSTANT: Final = "2026-03-29T01:00:00Z"
_PLAIN: Final[Mapping[str, Any]] = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "null": None}
_DEEPEST: Final = 12


def completed(description: Schema) -> Schema:
    """Complete a description."""
    description["components"]["schemas"] |= problem_schemas()
    for path, operation in _operations(description):
        for parameter in operation.get("parameters", ()):
            _tell_parameter(parameter)
        if any(parameter["name"] == "format" for parameter in operation.get("parameters", ())):
            _tell_formats(operation, description)
        _tell_refusals(operation, path)
    link(description)
    for _, operation in _operations(description):
        for status, response in operation["responses"].items():
            _tell_refused(int(status), response)
        for content in _contents(operation):
            _give_example(content, description)
    return description


def example(schema: Schema, description: Schema, depth: int = 0) -> Any:
    """Return a value that a schema allows: what its members give as examples, put together."""
    if "$ref" in schema:
        return example(description["components"]["schemas"][schema["$ref"].removeprefix(_REF)], description, depth + 1)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    for given in ("example", "const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            kinds = [kind for kind in schema[several] if kind.get("type") != "null"]
            return example(kinds[0], description, depth + 1)
    return _made(schema, description, depth)


def _made(schema: Schema, description: Schema, depth: int) -> Any:
    kind = schema.get("type", "null")
    if kind == "array":
        return [example(schema["items"], description, depth + 1)] if depth < _DEEPEST else []
    if kind == "object":
        members = schema.get("properties", {})
        return {name: example(member, description, depth + 1) for name, member in members.items()}
    if kind == "string" and schema.get("format") == "date-time":
        return _INSTANT
    if kind in {"integer", "number"} and "minimum" in schema:
        return schema["minimum"]
    return _PLAIN[kind]


def _operations(description: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield method and path, and what is said of them."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def _contents(operation: Schema) -> Iterator[Schema]:
    yield operation.get("requestBody", {}).get("content", {})
    for response in operation["responses"].values():
        yield response.get("content", {})


def _tell_parameter(parameter: Schema) -> None:
    """Say that a parameter may be left out, and never null; `fields` is a list between commas."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        parameter["schema"] = {**{name: told for name, told in schema.items() if name != "anyOf"}, **kinds[0]}
    if FIELDS in schema:
        names = {"type": "string", "enum": schema[FIELDS]}
        parameter["schema"] = {"type": "array", "items": names, "minItems": 1, "title": "Fields"}
        parameter |= {"style": "form", "explode": False, "example": schema[FIELDS][:2]}


def _tell_formats(operation: Schema, description: Schema) -> None:
    """Say that a list comes as CSV and Parquet too, and in JSON with some fields only."""
    content = operation["responses"]["200"]["content"]
    if _JSON not in content:
        return
    name = content[_JSON]["schema"]["$ref"].removeprefix(_REF)
    some = f"Some{name}"
    schemas = description["components"]["schemas"]
    schemas[some] = _with_some_fields(schemas[name], schemas, some)
    content[SOME_FIELDS_TYPE] = {"schema": {"$ref": _REF + some}}
    content[csv_text.MEDIA_TYPE] = {"schema": {"type": "string"}, "example": "id,name\r\n7,Blanchette\r\n"}
    content[parquet.MEDIA_TYPE] = {"schema": {"type": "string", "format": "binary"}}
    _tell(operation, _OF_LISTS)


def _with_some_fields(page: Schema, schemas: Schema, title: str) -> Schema:
    items = page["properties"]["items"]["items"]
    item = schemas[items["$ref"].removeprefix(_REF)] if "$ref" in items else items
    part = {"type": "object", "properties": item["properties"], "additionalProperties": False}
    members = {**page["properties"], "items": {"type": "array", "items": part, "title": "Items"}}
    told = "The members of `fields` only; the others are not there."
    return {**page, "properties": members, "title": title, "description": told}


def _tell_refusals(operation: Schema, path: str) -> None:
    """Say what every route may refuse."""
    if path.partition(" ")[2].startswith(("/v1", "/health", "/metrics")):
        _tell(operation, _OF_ALL)
        if "requestBody" in operation:
            _tell(operation, _OF_BODIES)
            if _JSON in operation["requestBody"]["content"]:
                _tell(operation, _OF_JSON)
    if path.startswith("get ") and "200" in operation["responses"]:
        operation["responses"].setdefault("304", _NOT_MODIFIED)


def _tell(operation: Schema, refusals: Mapping[HTTPStatus, str]) -> None:
    for status, told in refusals.items():
        operation["responses"].setdefault(str(int(status)), refusal(told))


def _tell_refused(status: int, response: Schema) -> None:
    """Give a refusal that is told as a problem an example of its own status and type."""
    media = response.get("content", {}).get(MEDIA_TYPE, {})
    if media.get("schema") == {"$ref": PROBLEM}:
        told = example_of_refusal(status, response["description"])
        response["content"] = {**response["content"], MEDIA_TYPE: {**media, "example": told}}


def _give_example(content: Schema, description: Schema) -> None:
    for kind, media in content.items():
        if kind.endswith("json") and not {"example", "examples"} & media.keys() and "schema" in media:
            content[kind] = {**media, "example": example(media["schema"], description)}

"""Payloads whose shape others chose: read strictly, since they are few and the sender can be told."""

import json
from typing import Any, NoReturn

from ingest.decoding.refusals import refuse, shortened

Fields = dict[str, Any]


def read_json(payload: bytes) -> Any:
    """Decode JSON; numbers that are none and keys that are given twice are refused.

    Raises:
        ValueError: the bytes are no JSON, or no UTF-8.
        RecursionError: it is nested too deeply.
    """
    return json.loads(payload.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Fields:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        refuse("malformed", f"the key {shortened(twice)} is given twice")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    refuse("malformed", f"{name} is not a number of JSON")


def object_at(fields: Fields, name: str, hint: str = "") -> Fields:
    """Return a nested object; refuse the message if it is missing or something else."""
    value = fields.get(name)
    if not isinstance(value, dict):
        found = "missing" if value is None else f"{shortened(value)}, not an object"
        refuse("malformed", f"{name} is {found}{hint}")
    return value

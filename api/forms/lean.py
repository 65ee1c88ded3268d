"""Answers that come by hundreds: with the members of their models, and written at once, unchecked.

A model checks each value it is made of, which for a list of our own numbers costs more than to find them and to write
them together. A lean class has the members of a model in their order and takes whatever it is given; the model stays
what describes it, and what the tests hold it against.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
from fastapi.responses import Response

from api.forms.answers import Answer

Lean = msgspec.Struct
"""What an instance of a lean class is."""

written: Final = msgspec.json.Encoder().encode
"""Writes lean answers, and lists and parts of them, as JSON: as the models would, to the last digit."""


def lean(model: type[Answer]) -> Callable[..., Lean]:
    """Return a class whose instances have a model's members, given in their order or by name, all of them.

    Members that are answers themselves, or lists of them, are to be given as lean ones.
    """
    return msgspec.defstruct(model.__name__, list(model.model_fields), frozen=True, gc=False, module=model.__module__)


def picked(item: Any, fields: Collection[str]) -> dict[str, Any]:
    """Return some members of a lean answer, in their order."""
    return {name: getattr(item, name) for name in item.__struct_fields__ if name in fields}


def answered(content: Any) -> Response:
    """Return the answer of a route that is a lean one."""
    return Response(written(content), media_type="application/json")

"""Values of bodies as JSON writes them: `"1"` is no number, nor is `true`, and `0` is not false."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Strict
from pydantic_core import PydanticCustomError


def _whole(given: Any) -> Any:
    if isinstance(given, bool | str):
        kind = "int_type"
        raise PydanticCustomError(kind, "Input should be a valid integer")
    return given


ONLY_WHOLE: Final = BeforeValidator(_whole)
"""Of an `int`, behind its limits: 1.0 is a whole number too, as in JSON Schema."""


def _digits(given: Any) -> Any:
    if isinstance(given, str) and not (given.isascii() and given.isdecimal()):
        kind = "int_parsing"
        raise PydanticCustomError(kind, "Input should be a valid integer, unable to parse string as an integer")
    return given


ONLY_DIGITS: Final = BeforeValidator(_digits)
"""Of an `int` in a path, behind its limits: `1_0`, `1.0`, `+1` and ` 1` would be other ways to one thing."""

Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]

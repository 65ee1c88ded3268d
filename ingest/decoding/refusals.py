"""Why a message is refused: from a codec's complaint to a stable code and a sentence that names the field."""

import re
from typing import Any, Final, Literal, NoReturn

import msgspec

from core.readings import Rejected

Code = Literal["malformed", "out_of_range", "future", "too_old", "too_large", "unknown_topic", "unmapped_device"]
"""The codes that decoding gives; they are stored and shown, so they never change their meaning."""

_ALLOWED: Final = {"unit": "g, mg and m/s2", "posture": "standing, lying and unknown"}
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_SHOWN: Final = 60
_MISSING: Final = object()


class RefusedError(Exception):
    """Carries a refusal from the depth of a decoder to its edge, where it becomes a return value."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.detail)
        self.rejected = rejected


def refuse(code: Code, detail: str, device: str | None = None) -> NoReturn:
    """Give up on a message; `device` is the alias that is no collar's."""
    raise RefusedError(Rejected(code, detail, device))


def explained(error: msgspec.ValidationError, content: Any, within: str = "") -> Rejected:
    """Tell a person what a typed decoder complained of.

    Args:
        error: The complaint, with a path such as `$.xyz[3][1]`.
        content: The same payload decoded without types, to show the value; None if that is not possible.
        within: Path to `content` inside the whole payload, such as `object.`; empty for the whole.
    """
    complaint, _, rest = str(error).partition(" - at `")
    path = rest.rstrip("`").removeprefix("$")
    value = _value_at(path, content)
    field = within + path.removeprefix(".")
    shown = f" is {shortened(value)}" if value is not _MISSING and field else ""
    return Rejected(_code_of(complaint), f"{field or 'the payload'}{shown}: {_in_our_words(complaint, field)}")


def unreadable(error: Exception) -> Rejected:
    """Tell a person that the bytes are no JSON and no MessagePack at all."""
    if isinstance(error, RecursionError):
        return Rejected("malformed", "the payload is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return Rejected("malformed", f"the payload holds text that is not UTF-8: {error.reason}")
    return Rejected("malformed", f"the payload can't be read: {error}")


def shortened(value: Any) -> str:
    """Show a value in at most 60 characters, whatever it is."""
    text = value if isinstance(value, str) else _written(value)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _written(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a number of thousands of digits"


def _code_of(complaint: str) -> Code:
    if "of length <=" in complaint:
        return "too_large"
    bounded = complaint.startswith(("Expected `int` <", "Expected `int` >", "Expected `float` <", "Expected `float` >"))
    return "out_of_range" if bounded or "out of range" in complaint else "malformed"


def _in_our_words(complaint: str, field: str) -> str:
    if "timezone component" in complaint:
        return "a time needs its offset from UTC, as in 2026-01-31T08:00:00Z"
    if "RFC3339" in complaint:
        return "this is no RFC 3339 time; epoch milliseconds are written as a number"
    if "Invalid enum value" in complaint:
        return f"allowed are {_ALLOWED.get(field.rpartition('.')[2], 'other values')}"
    if "matching regex" in complaint:
        return "control characters are not allowed"
    return complaint[:1].lower() + complaint[1:].replace("`", "").replace(" | null", "")


def _value_at(path: str, content: Any) -> Any:
    for name, index in _STEP.findall(path):
        try:
            content = content[name] if name else content[int(index)]
        except (LookupError, TypeError):
            return _MISSING
    return _MISSING if content is None else content

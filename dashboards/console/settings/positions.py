"""Where a farm is, as people write it or copy it from a map."""

import re
from typing import Final, NamedTuple

_NUMBER: Final = r"[+-]?\d{1,3}(?:[.,]\d+)?"
_ONE: Final = re.compile(rf"\s*({_NUMBER})\s*°?\s*")
_BOTH: Final = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d+)?)\s*°?\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*°?\s*")
_BOTH_DECIMAL_COMMAS: Final = re.compile(r"\s*([+-]?\d{1,3},\d+)\s*°?\s*[;\s]\s*([+-]?\d{1,3},\d+)\s*°?\s*")


class Position(NamedTuple):
    """Degrees, north and east positive; `None` where nothing was written."""

    latitude: float | None
    longitude: float | None


def read(latitude: str, longitude: str) -> Position | str:
    """Read a position; return the name of the field that can't be one, if one can't.

    Both may stand in the first field, as maps copy them. Decimal commas are taken.

    >>> read("45,1", "1,5"), read("45.1234, 1.5678", ""), read("95", "1")
    (Position(latitude=45.1, longitude=1.5), Position(latitude=45.1234, longitude=1.5678), 'latitude')
    """
    if not longitude.strip() and (both := _BOTH_DECIMAL_COMMAS.fullmatch(latitude) or _both(latitude)):
        latitude, longitude = both.groups()
    for field, text, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if text.strip() and not _within(text, most):
            return field
    if bool(latitude.strip()) != bool(longitude.strip()):
        return "longitude" if latitude.strip() else "latitude"
    return Position(_number(latitude), _number(longitude))


def _both(text: str) -> re.Match[str] | None:
    return None if _ONE.fullmatch(text) and " " not in text.strip() else _BOTH.fullmatch(text)


def _within(text: str, most: int) -> bool:
    number = _number(text)
    return number is not None and abs(number) <= most


def _number(text: str) -> float | None:
    found = _ONE.fullmatch(text)
    return None if found is None else float(found[1].replace(",", "."))

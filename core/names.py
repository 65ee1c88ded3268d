"""Names that people give: two that differ only by case, spaces or how letters are composed are one to them."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from core.errors import ConflictError
from core.problem_texts import say

LONGEST: Final = 100
"""Characters of a name."""

_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul and the empty cell of braille: letters and a symbol to Unicode, and nothing to the eye."""


def is_name(name: str) -> bool:
    r"""Tell whether people can read a name and write it again.

    It has 1 to 100 characters, all of which can be shown and one of which is seen, and no space at an end.

    >>> [is_name(name) for name in ("Blanchette 2", " Blanchette", "\u0300", "\u3164", "")]
    [True, False, False, False, False]
    """
    return (
        len(name) <= LONGEST
        and name.isprintable()
        and name == name.strip()
        and _BLANKS.isdisjoint(name)
        and any(unicodedata.category(letter)[0] != "M" for letter in name)
    )


def folded(name: str) -> str:
    """Return what is the same of all names that look the same.

    >>> folded(" Blanchette  2") == folded("BLANCHETTE 2")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def looks_of(names: Iterable[str]) -> dict[str, str]:
    """Return names by what is the same of all that look like them."""
    return {folded(name): name for name in names}


def refuse_alike(name: str, looks: Mapping[str, str]) -> None:
    """Refuse a name that looks like one of others, as `looks_of` tells them; the very same is not refused here.

    Raises:
        ConflictError: it does.
    """
    other = looks.get(folded(name), name)
    if other != name:
        raise ConflictError(say("name_alike", name=name, other=other))

"""Names that people give: two that differ only by case, spaces or how letters are composed are one to them."""

import unicodedata
from collections.abc import Iterable, Mapping

from core.errors import ConflictError
from core.problem_texts import say


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

"""What a client likes best of what there is: `Accept` and its like with their weights, RFC 9110 section 12."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Request
from starlette.datastructures import Headers

from core.alert_texts import Language

_LONGEST: Final = 4096
"""Characters of a header that are looked at; browsers send about a hundred."""

_LANGUAGES: Final[Sequence[Language]] = ("en", "fr")


class Preference(NamedTuple):
    """One member of such a header, in lower case, and its weight, 0 to 1; 0 means: anything but this."""

    name: str
    weight: float


def preferences(header: str) -> Iterator[Preference]:
    """Yield the members of a header as they stand there; a weight that is none counts as 1."""
    for member in header[:_LONGEST].lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        if name:
            yield Preference(name, _weight(parameters))


def best_type(header: str | None, offers: Sequence[str]) -> str | None:
    """Return the media type that a client likes best, the first one if it does not care; `None` if it takes none."""
    if not header:
        return offers[0]
    wanted = list(preferences(header))
    weights = {offer: _of_type(offer, wanted) for offer in offers}
    best = max(offers, key=lambda offer: weights[offer])
    return best if weights[best] > 0 else None


def best_language(header: str | None) -> Language:
    """Return English or French, whichever a client likes better; English if it does not say.

    Scripts say nothing and are written in English, while the browser of whoever reads French asks for it.
    """
    wanted = list(preferences(header or ""))
    weights = {language: _of_language(language, wanted) for language in _LANGUAGES}
    return "fr" if weights["fr"] > weights["en"] or _first(wanted, weights) == "fr" else "en"


def language_of(headers: Headers) -> Language:
    """Return the language in which a request is to be answered."""
    return best_language(headers.get("Accept-Language"))


def takes_gzip(header: str | None) -> bool:
    """Tell whether a client takes answers that are compressed so."""
    weights = {coding.name: coding.weight for coding in preferences(header or "")}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


async def _spoken(request: Request) -> Language:
    return language_of(request.headers)


Spoken = Annotated[Language, Depends(_spoken)]
"""The language that the client likes better."""


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0


def _of_type(offer: str, wanted: Sequence[Preference]) -> float:
    """Return the weight that the most exact member gives a media type."""
    for name in (offer, offer.partition("/")[0] + "/*", "*/*"):
        for preference in wanted:
            if preference.name == name:
                return preference.weight
    return 0.0


def _of_language(language: Language, wanted: Sequence[Preference]) -> float:
    exact = [preference.weight for preference in wanted if _primary(preference.name) == language]
    others = [preference.weight for preference in wanted if preference.name == "*"]
    return max(exact or others or [0.0])


def _first(wanted: Sequence[Preference], weights: dict[Language, float]) -> str | None:
    """Return which of two languages of equal, positive weight is named first."""
    if weights["en"] != weights["fr"] or not weights["fr"]:
        return None
    return next((_primary(one.name) for one in wanted if _primary(one.name) in weights and one.weight), None)


def _primary(tag: str) -> str:
    return tag.partition("-")[0]

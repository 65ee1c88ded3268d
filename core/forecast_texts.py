"""What is remarked on forecasts, in French: why another model made one than was asked for, or what it went without.

Remarks are kept as they were written, in English; each phrase that is known here is told in French, the others stay.
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Final

FRENCH: Final[Mapping[str, str]] = {
    "no value is known": "aucune valeur n'est connue",
    "all values are equal": "toutes les valeurs sont égales",
    "{days} days are at least half known, regressors included; a model needs {least}": (
        "{days} jours connus au moins à moitié, facteurs compris ; il en faut {least} pour un modèle"
    ),
    "{days} days are at least half known, regressors included; harmonics of the week need {least}": (
        "{days} jours connus au moins à moitié, facteurs compris ; il en faut {least} pour un rythme de la semaine"
    ),
    "the fitted model foretells values that are not finite": "le modèle ajusté ne prévoit pas de valeurs finies",
    "the likelihood's maximum was not found in {times} iterations": (
        "le modèle n'a pas pu être ajusté en {times} itérations"
    ),
    "the likelihood could not be computed: {why}": "le modèle n'a pas pu être ajusté : {why}",
    "{steps} steps are too few for these orders, which look at {least} at once": (
        "{steps} pas sont trop peu pour ces ordres, qui en demandent {least}"
    ),
    "of the differences {known} are known, too few for these orders, which need {wanted}": (
        "{known} différences connues, trop peu pour ces ordres, qui en demandent {wanted}"
    ),
    "the champion has steps of {step}, the series of {bucket}": (
        "le modèle choisi a des pas de {step}, la série de {bucket}"
    ),
    "the champion's {columns} not to be had now": "{columns} indisponible en ce moment pour le modèle choisi",
    "without weather: what is known of it ends before the horizon": (
        "sans météo : ce qui en est connu s'arrête avant la fin de la prévision"
    ),
    "without weather: less than {share} of its past is known": ("sans météo : moins de {share} de son passé est connu"),
    "without weather: {fault}": "sans météo : {fault}",
}
"""By what is written, a name in braces where something else stands each time; the first that fits is taken."""


def remark_in_french(remark: str) -> str:
    """Return a remark on a forecast in French.

    >>> remark_in_french("all values are equal; the champion's thi not to be had now")
    'toutes les valeurs sont égales ; thi indisponible en ce moment pour le modèle choisi'
    """
    for phrase, french in _PHRASES:
        remark = phrase.sub(french, remark)
    return re.sub(r"(?<! ); ", " ; ", remark)


def _phrase(english: str) -> re.Pattern[str]:
    parts = (re.escape(text) + (f"(?P<{name}>[^;]+?)" if name else "") for text, name, *_ in Formatter().parse(english))
    return re.compile("(?:^|(?<=; ))" + "".join(parts) + "(?=$|;)")


_PHRASES: Final = [(_phrase(english), re.sub(r"\{(\w+)\}", r"\\g<\1>", french)) for english, french in FRENCH.items()]

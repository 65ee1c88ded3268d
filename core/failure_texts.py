"""Why work on models failed, in French, and what can be done about it.

A worker writes down why in English, as whoever reads its log reads it; each sentence that is known here is told in
French too.
"""

import re
from typing import Final, NamedTuple

from core.alert_texts import Language, Text
from core.forecast_texts import remark_in_french

_MORE: Final = Text(
    "A model needs 5 days of values, 3 to learn from and 2 to be judged on: choose a longer period or another group. "
    "If there should be values, look whether the collars are heard.",
    "Un modèle demande 5 jours de valeurs, 3 pour apprendre et 2 pour être jugé : choisissez une période plus longue "
    "ou un autre lot. S'il devrait y avoir des valeurs, regardez si les colliers sont entendus.",
)
_COLUMNS: Final = Text(
    "Choose other regressors, or a series that has them.", "Choisissez d'autres régresseurs, ou une série qui les a."
)
_PLACE: Final = Text(
    "Say where the farm is, or choose other regressors.",
    "Indiquez la position de l'exploitation, ou choisissez d'autres régresseurs.",
)
_STEPS: Final = Text(
    "Hand in a file whose dates are equally far apart, such as a quarter of an hour or an hour.",
    "Donnez un fichier dont les dates sont également espacées, par exemple d'un quart d'heure ou d'une heure.",
)
_CHANGES: Final = Text(
    "Choose a period or a series in which something changes.",
    "Choisissez une période ou une série où quelque chose change.",
)
_SMALLER: Final = Text(
    "Choose smaller orders, or a longer period.", "Choisissez des ordres plus petits, ou une période plus longue."
)
_AGAIN: Final = Text("Ask for it again.", "Demandez-le de nouveau.")
_LOG: Final = Text(
    "This should not have happened: the log of the node tells more.",
    "Cela n'aurait pas dû arriver : le journal du nœud en dit plus.",
)
_UNFITTED: Final = "le modèle n'a pas pu être estimé sur ces données : {}"


class _Failure(NamedTuple):
    """What a worker writes down, the same in French, and what to do; groups of the pattern stand in the French."""

    pattern: str
    french: str
    remedy: Text


_FAILURES: Final = (
    _Failure(
        r"there is no regressor '(.+)':.*",
        "le modèle champion regarde la colonne {}, que les lignes envoyées n'ont pas",
        _COLUMNS,
    ),
    _Failure(
        r"the regressor '(.+)' needs the latitude.*",
        "pour {}, l'exploitation doit avoir une latitude et une longitude",
        _PLACE,
    ),
    _Failure(
        r"the regressor '(.+)' has no value for (.+), a slot of the horizon",
        "le régresseur {} n'a pas de valeur pour {}",
        _COLUMNS,
    ),
    _Failure(
        r"most dates are (.+) apart, which.*", "le pas le plus fréquent des dates, {}, ne divise pas un jour", _STEPS
    ),
    _Failure(r"a series needs at least two dates.*", "il faut au moins deux dates", _STEPS),
    _Failure(r"not one (?:value of the series is known|row has a value).*", "aucun ratio n'est connu", _MORE),
    _Failure(
        r"the series has .+ nothing to train on",
        "sans les deux derniers jours, il ne reste rien pour apprendre",
        _MORE,
    ),
    _Failure(r".+ can't be trained: (.+ are at least half known.*|no value is known)", _UNFITTED, _MORE),
    _Failure(r".+ can't be trained: (all values are equal)", _UNFITTED, _CHANGES),
    _Failure(r".+ can't be trained: (.+)", _UNFITTED, _SMALLER),
    _Failure(r".+ has no origin to forecast from: too few values", "il y a trop peu de valeurs", _MORE),
    _Failure(r"its process ended.*", "le processus qui calculait s'est arrêté", _AGAIN),
)


def failure_in_french(error: str) -> str | None:
    """Return why work failed in French; `None` if that is not known here.

    >>> failure_in_french("(2,0,1) can't be trained: all values are equal")
    "le modèle n'a pas pu être estimé sur ces données : toutes les valeurs sont égales"
    """
    for one in _FAILURES:
        if found := re.fullmatch(one.pattern, error, re.DOTALL):
            return one.french.format(*map(remark_in_french, found.groups()))
    return None


def failure_told(error: str, language: Language) -> str:
    """Return why work failed and, where something can be done about it, what.

    >>> failure_told("its process ended", "en")
    'its process ended. Ask for it again.'
    """
    remedy = next((one.remedy for one in _FAILURES if re.fullmatch(one.pattern, error, re.DOTALL)), None)
    if remedy is None and error.isidentifier():
        remedy = _LOG  # the name of what went wrong is all that is written down of a mistake of ours
    why = (failure_in_french(error) or error) if language == "fr" else error
    what = "" if remedy is None else remedy.fr if language == "fr" else remedy.en
    return f"{why}. {what}".rstrip()

"""Why work failed, in French: a worker writes that down in English, as whoever reads its log reads it."""

import re
from typing import Final

from storage.modelling.trainings import Training

_REASONS: Final = (
    (r"there is no regressor '(.+)':.*", "le modèle champion regarde la colonne {}, que les lignes envoyées n'ont pas"),
    (r"the regressor '(.+)' needs the latitude.*", "pour {}, l'exploitation doit avoir une latitude et une longitude"),
    (r"most dates are (.+) apart, which.*", "le pas le plus fréquent des dates, {}, ne divise pas un jour"),
    (r"a series needs at least two dates.*", "il faut au moins deux dates"),
    (r"not one value of the series is known.*", "aucun ratio n'est connu"),
    (r"the series has .+ nothing to train on", "sans les deux derniers jours, il ne reste rien pour apprendre"),
    (r".+ can't be trained: .+", "le modèle n'a pas pu être estimé sur ces données"),
    (r"its process ended.*", "le processus qui calculait s'est arrêté"),
)


def failure_of(work: Training) -> str:
    """Return the sentence that tells that some work failed, and why, as far as whoever asked can mend it."""
    for pattern, french in _REASONS:
        if found := re.fullmatch(pattern, work.error, re.DOTALL):
            return f"Le calcul a échoué: {french.format(*found.groups())}."
    return f"Le calcul a échoué; la raison est dans le membre error de /v1/trainings/{work.id}."

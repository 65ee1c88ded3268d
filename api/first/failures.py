"""What the first AniMOV's clients are told of work that failed."""

from core.failure_texts import failure_in_french
from storage.modelling.trainings import Training


def failure_of(work: Training) -> str:
    """Return the sentence that tells that some work failed, and why, as far as whoever asked can mend it."""
    why = failure_in_french(work.error)
    if why is None:
        return f"Le calcul a échoué; la raison est dans le membre error de /v1/trainings/{work.id}."
    return f"Le calcul a échoué: {why}."

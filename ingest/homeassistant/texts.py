"""What entities and devices are called, in French and in English."""

from collections.abc import Mapping
from typing import Final

from core.alert_texts import Text

NAMES: Final[Mapping[str, Text]] = {
    "ratio": Text("Time standing", "Temps debout"),
    "low": Text("Expected at least", "Attendu au moins"),
    "high": Text("Expected at most", "Attendu au plus"),
    "deviation": Text("Off what was expected", "Écart à l'attendu"),
    "problem": Text("Alert", "Alerte"),
    "alerts": Text("Open alerts", "Alertes en cours"),
    "silent": Text("Silent collars", "Colliers muets"),
    "battery": Text("Low batteries", "Batteries faibles"),
    "collars": Text("Collars", "Colliers"),
}
"""By the component's key; Home Assistant writes the name of the device before them."""

MODELS: Final[Mapping[str, Text]] = {"farm": Text("Farm", "Exploitation"), "group": Text("Group", "Lot")}

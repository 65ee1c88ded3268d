"""Texts of what is around every page: coming in, the menu, what is said when something is missing."""

from collections.abc import Mapping
from typing import Final

from core.alert_texts import Text

TEXTS: Final[Mapping[str, Text]] = {
    "animov": Text("AniMOV", "AniMOV"),
    "work": Text("The model", "Le modèle"),
    "settings": Text("Settings", "Réglages"),
    "light_page": Text("Alerts and herd: the page", "Alertes et troupeau : la page"),
    "language": Text("Language", "Langue"),
    "farm": Text("Farm", "Exploitation"),
    "log_in": Text("Log in", "Se connecter"),
    "log_out": Text("Log out", "Se déconnecter"),
    "username": Text("User name", "Nom d'utilisateur"),
    "password": Text("Password", "Mot de passe"),
    "name_missing": Text("Enter name and password.", "Saisissez le nom et le mot de passe."),
    "wrong_password": Text("The name or the password is wrong.", "Le nom ou le mot de passe est faux."),
    "session_over": Text(
        "Your session is over (session expired). Log in again: you will be back where you were.",
        "Session expirée. Reconnectez-vous : vous reviendrez là où vous étiez.",
    ),
    "away": Text(
        "AniMOV does not answer. What you have entered is kept.",
        "AniMOV ne répond pas. Ce que vous avez saisi est conservé.",
    ),
    "retry": Text("Try again", "Réessayer"),
    "no_farm": Text(
        "You see no farm yet. A platform administrator makes one; a farm's administrator lets you in.",
        "Vous ne voyez encore aucune exploitation. Un administrateur de la plateforme en crée une ; l'administrateur "
        "d'une exploitation vous y donne accès.",
    ),
    "manager_needed": Text(
        "You may look, but not change: that takes a manager of the farm.",
        "Vous pouvez regarder mais pas modifier : il faut être gestionnaire de l'exploitation.",
    ),
    "broken": Text(
        "Something went wrong that should not have. The log of the console tells more.",
        "Une erreur imprévue s'est produite. Le journal de la console en dit plus.",
    ),
}

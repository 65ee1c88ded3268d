"""What the page says, in French and in English: its own words, and those that alerts and states have everywhere."""

from collections.abc import Iterator, Mapping
from typing import Final

from core.alert_texts import ABOUT, CHECKS, KINDS, SEVERITIES, Language, Text
from core.state_texts import STATES

TEXTS: Final[Mapping[str, Text]] = {
    # around everything
    "skip": Text("Skip to the content", "Aller au contenu"),
    "docs": Text("Documentation of the API", "Documentation de l'API"),
    "health": Text("State of the server", "État du serveur"),
    "live": Text("Live", "En direct"),
    "reading": Text("Reading …", "Lecture en cours …"),
    "lost": Text("Connection lost:", "Connexion perdue :"),
    "data_of": Text("data of {at}.", "données de {at}."),
    "retry": Text("Try again", "Réessayer"),
    "away": Text(
        "AniMOV does not answer: check the phone's network and that the machine is on; the page tries again by itself.",
        "AniMOV ne répond pas : vérifiez le réseau du téléphone, et que la machine est allumée ; la page réessaie.",
    ),
    "troubled": Text(
        "AniMOV has a problem at the moment: wait a minute, then try again.",
        "AniMOV a un problème en ce moment : attendez une minute, puis réessayez.",
    ),
    "failed": Text(
        "The request was refused ({status}): load the page again.",
        "La demande a été refusée ({status}) : rechargez la page.",
    ),
    # coming in
    "username": Text("Name", "Nom d'utilisateur"),
    "password": Text("Password", "Mot de passe"),
    "log_in": Text("Log in", "Se connecter"),
    "log_out": Text("Log out", "Se déconnecter"),
    "forgotten": Text(
        "Forgotten? An administrator of the farm can give you a new password.",
        "Oublié ? Un administrateur de l'exploitation peut vous donner un nouveau mot de passe.",
    ),
    "session_over": Text(
        "Your session is over: log in again, and you are back where you were.",
        "Votre session a expiré : reconnectez-vous, vous reviendrez là où vous étiez.",
    ),
    "my_farms": Text("My farms", "Mes élevages"),
    "no_farm": Text(
        "You have no farm yet: ask its administrator to add you.",
        "Vous n'avez pas encore d'élevage : demandez à son administrateur de vous ajouter.",
    ),
    # a farm
    "groups": Text("Groups now", "Les lots maintenant"),
    "look": Text("To look at", "À regarder"),
    "animals": Text("Animals to see", "Animaux à voir"),
    "collars": Text("Collars", "Colliers"),
    "all_well": Text("All groups are as expected", "Tous les lots sont comme prévu"),
    "many_alerts": Text("{n} alerts to look at", "{n} alertes à regarder"),
    "one_outside": Text("1 group outside its band", "1 lot hors de sa bande"),
    "many_outside": Text("{n} groups outside their bands", "{n} lots hors de leur bande"),
    "one_unknown": Text("1 group without enough data", "1 lot sans assez de données"),
    "many_unknown": Text("{n} groups without enough data", "{n} lots sans assez de données"),
    "to_them": Text("See", "Voir"),
    "nothing_to_look_at": Text("Nothing to look at.", "Rien à regarder."),
    "no_animal": Text("No animal is far from its habit.", "Aucun animal ne s'écarte de ses habitudes."),
    "none_silent": Text("No silent collar of {n} worn.", "Aucun collier muet sur {n} portés."),
    "one_silent": Text("1 silent collar of {of} worn.", "1 collier muet sur {of} portés."),
    "many_silent": Text("{n} silent collars of {of} worn.", "{n} colliers muets sur {of} portés."),
    "never_heard": Text("Never heard yet: {n}.", "Jamais entendus : {n}."),
    "standing": Text("standing", "debout"),
    "expected": Text("expected {low} to {high}", "attendu de {low} à {high}"),
    "heard": Text("{n} of {of} animals", "{n} sur {of} animaux"),
    "quarter": Text("from {from} to {to}", "de {from} à {to}"),
    "nothing_since": Text("Not enough data since {at}.", "Pas assez de données depuis {at}."),
    "nothing_yet": Text("No data yet.", "Pas encore de données."),
    "verdict.inside": Text("As expected", "Comme prévu"),
    "verdict.more": Text("A little more on their legs", "Un peu plus debout que prévu"),
    "verdict.less": Text("A little more lying", "Un peu plus couché que prévu"),
    "verdict.farmore": Text("Much more standing than expected", "Beaucoup plus debout que prévu"),
    "verdict.farless": Text("Much less standing than expected", "Beaucoup moins debout que prévu"),
    "verdict.nodata": Text("Not enough data", "Pas assez de données"),
    "verdict.unforeseen": Text("No forecast yet", "Pas encore de prévision"),
    # alerts
    "seen": Text("seen", "vue"),
    "check": Text("To check:", "À vérifier :"),
    "causes": Text("Likely causes", "Causes possibles"),
    "confirm": Text("It is true", "C'est vrai"),
    "dismiss": Text("False alarm", "Fausse alerte"),
    "see": Text("Seen", "Vue"),
    "undo": Text("Undo", "Annuler"),
    "send": Text("Send now", "Envoyer maintenant"),
    "done.confirmed": Text("Confirmed; sent in a moment.", "Confirmée ; envoi dans un instant."),
    "done.dismissed": Text("Dismissed; sent in a moment.", "Écartée ; envoi dans un instant."),
    "done.seen": Text("Marked as seen; sent in a moment.", "Marquée comme vue ; envoi dans un instant."),
    "why.confirmed": Text("What was found", "Ce qui a été constaté"),
    "why.dismissed": Text("Why", "Pourquoi"),
    "note.confirmed": Text("seen on the spot", "constaté sur place"),
    "note.dismissed": Text("nothing unusual on the spot", "rien d'anormal sur place"),
    "alert_state.open": Text("open", "ouverte"),
    "alert_state.seen": Text("seen", "vue"),
    "alert_state.dismissed": Text("false alarm", "fausse alerte"),
    "alert_state.confirmed": Text("confirmed", "confirmée"),
    "alert_state.closed": Text("over", "terminée"),
    # a group
    "chart": Text("Share of time standing", "Part du temps debout"),
    "span": Text("Time shown", "Durée affichée"),
    "days": Text("{n} days", "{n} jours"),
    "now": Text("now", "maintenant"),
    "no_group": Text("There is no such group.", "Ce lot n'existe pas."),
    "chart_label": Text(
        "Share of time standing over {span}, now {ratio}, and what is expected for {ahead}",
        "Part du temps debout sur {span}, maintenant {ratio}, et prévision sur {ahead}",
    ),
    "legend.measured": Text("measured", "mesuré"),
    "legend.expected": Text("expected (before now: a day ahead)", "prévu (avant maintenant : la veille)"),
    "legend.band80": Text("4 times in 5", "4 fois sur 5"),
    "legend.band95": Text("19 times in 20", "19 fois sur 20"),
    "remark": Text("Remark on the forecast: {reason}", "Remarque sur la prévision : {reason}"),
    "as_table": Text("The same as a table", "Le même en tableau"),
    "column.at": Text("Time", "Heure"),
    "column.measured_share": Text("Measured", "Mesuré"),
    "column.expected_share": Text("Expected", "Prévu"),
    "column.band_share": Text("4 times in 5", "4 fois sur 5"),
    "animals_by_departure": Text(
        "Animals, furthest from their own habit first", "Animaux, du plus au moins éloigné de ses habitudes"
    ),
    # an animal
    "found": Text("found {at}", "constaté {at}"),
    "alerts_of": Text("Alerts: {kinds}", "Alertes : {kinds}"),
    "usual": Text("usually {low} to {high}", "d'habitude {low} à {high}"),
    "measure.standing_h": Text("{seen} standing in 24 h", "debout {seen} sur 24 h"),
    "measure.lying_bouts": Text("{seen} lying bouts", "{seen} couchers"),
    "measure.interruptions": Text("{seen} brief interruptions", "{seen} brèves interruptions"),
    "measure.longest_lying_h": Text("longest lying {seen}", "coucher le plus long {seen}"),
    "few_days": Text(
        "its habit is not known yet ({days} days)", "ses habitudes ne sont pas encore connues ({days} jours)"
    ),
    "little_heard": Text("too little was heard of it", "trop peu de données reçues"),
    "nothing_said": Text("Nothing is said of it yet.", "Rien à en dire pour l'instant."),
    "animal_number": Text("Animal {n}", "Animal {n}"),
    "timeline": Text("Its last two days", "Ses deux derniers jours"),
    "posture.standing": Text("standing", "debout"),
    "posture.lying": Text("lying", "couché"),
    "posture.unknown": Text("posture unknown", "posture inconnue"),
    "posture.nodata": Text("no data", "pas de données"),
    "days_of": Text("Day by day", "Jour par jour"),
    "column.day": Text("Day", "Jour"),
    "column.standing_time": Text("Standing a day", "Debout par jour"),
    "usual_standing": Text("It usually stands {low} to {high} a day.", "D'habitude debout {low} à {high} par jour."),
    "column.bouts": Text("Lying bouts", "Couchers"),
    "column.known_share": Text("Known", "Connu"),
    "collar": Text("Its collar", "Son collier"),
    "no_collar": Text("It wears no collar now.", "Il ne porte pas de collier en ce moment."),
    "last_heard": Text("last heard {at}", "entendu pour la dernière fois {at}"),
    "not_heard": Text("never heard", "jamais entendu"),
    "battery": Text("battery {volts} V", "batterie {volts} V"),
    # the week
    "report": Text("Report of the week", "Bilan de la semaine"),
    "print": Text("Print", "Imprimer"),
    "week_of": Text("From {from} to {to}", "Du {from} au {to}"),
    "time_standing": Text("Time standing a day", "Temps debout par jour"),
    "group": Text("Group", "Lot"),
    "habit": Text("Habit", "Habitude"),
    "habit_unknown": Text("not known yet", "pas encore connue"),
    "of_animals": Text("{n} of {of}", "{n} sur {of}"),
    "habit_told": Text(
        "Mean of the animals, n of N measured. ▲ above, ▼ below the group's own habit: its mean of the {days} days"
        " before, two standard deviations to either side.",
        "Moyenne des animaux, n mesurés sur N. ▲ au-dessus, ▼ au-dessous de l'habitude du lot : sa moyenne des {days}"
        " jours d'avant, à deux écarts-types près.",
    ),
    "alerts_of_week": Text("Alerts of the week: {n}", "Alertes de la semaine : {n}"),
    "no_alert_in_week": Text("No alert.", "Aucune alerte."),
    "more_alerts": Text("and {n} more, on the page", "et {n} autres, sur la page"),
    "printed": Text("As of {at}", "État au {at}"),
}
"""The page's own words; what stands in braces it fills in itself, as it stands there."""

_SHARED: Final = {"kind": KINDS, "about": ABOUT, "severity": SEVERITIES, "check": CHECKS, "state": STATES}


def catalogue(language: Language) -> dict[str, str]:
    """Return all that the page may have to say, by key, in a language."""
    return {key: text.fr if language == "fr" else text.en for key, text in _all()}


def _all() -> Iterator[tuple[str, Text]]:
    yield from TEXTS.items()
    for family, texts in _SHARED.items():
        yield from ((f"{family}.{name}", text) for name, text in texts.items())

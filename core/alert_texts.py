"""What alerts say to people, in French and in English: one sentence for each stable code, with the numbers in it.

Whoever shows an alert takes its words from here, so that mail, page, dashboard and command line say the same.
"""

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final, Literal, NamedTuple

from core.forecast_texts import remark_in_french
from core.time_texts import UNITS, lasting

Language = Literal["en", "fr"]


class Text(NamedTuple):
    """One sentence, in both languages; numbers are named in braces, as `str.format` takes them.

    A length of time is named with its unit, as in `{minutes:min}`: see `core.time_texts`.
    """

    en: str
    fr: str


KINDS: Final[Mapping[str, Text]] = {
    "deviation": Text("outside what was expected", "hors de ce qui était attendu"),
    "motionless": Text("motionless", "immobile"),
    "restless": Text("restless", "agité"),
    "lying_long": Text("lying too long", "couché trop longtemps"),
    "collar_silent": Text("collar silent", "collier muet"),
    "battery": Text("battery low", "batterie faible"),
    "coverage": Text("too little is heard", "trop peu de données reçues"),
    "skill_lost": Text("forecasts no better than a mean", "prévisions pas meilleures qu'une moyenne"),
    "lag": Text("data come late", "données en retard"),
    "clock": Text("clock wrong", "horloge fausse"),
}

ABOUT: Final[Mapping[str, Text]] = {
    "farm": Text("farm", "exploitation"),
    "herd": Text("herd", "troupeau"),
    "group": Text("group", "lot"),
    "animal": Text("animal", "animal"),
    "collar": Text("collar", "collier"),
}

SEVERITIES: Final[Mapping[str, Text]] = {
    "info": Text("for information", "pour information"),
    "warning": Text("to be checked", "à vérifier"),
    "critical": Text("urgent", "urgent"),
}

CHECKS: Final[Mapping[str, Text]] = {
    "deviation": Text(
        "look at the group: feed, water, fences, a dog or visitors, an animal that draws the others along",
        "regardez le lot : aliment, eau, clôtures, chien ou visiteurs, un animal qui entraîne les autres",
    ),
    "motionless": Text(
        "go and look at once: does it get up, is it caught, has the collar come off and lies on the ground?",
        "allez voir tout de suite : se lève-t-il, est-il coincé, le collier est-il tombé au sol ?",
    ),
    "restless": Text(
        "look for what disturbs it: heat, birth to come, pain, insects, quarrels",
        "cherchez ce qui le dérange : chaleurs, mise bas proche, douleur, insectes, bagarres",
    ),
    "lying_long": Text(
        "make it get up and look at it: appetite, legs, udder, temperature",
        "faites-le lever et examinez-le : appétit, membres, mamelle, température",
    ),
    "collar_silent": Text(
        "is the animal there, the collar on it, the battery charged, the gateway in reach?",
        "l'animal est-il là, le collier en place, la batterie chargée, la passerelle à portée ?",
    ),
    "battery": Text("change or charge the battery", "changez ou rechargez la batterie"),
    "coverage": Text(
        "gateway, its power and its network; where were the animals meanwhile?",
        "passerelle, son alimentation et son réseau ; où étaient les animaux pendant ce temps ?",
    ),
    "skill_lost": Text(
        "nothing in the shed: another model is looked for; has the daily routine changed?",
        "rien en bergerie : un autre modèle est recherché ; les habitudes de la journée ont-elles changé ?",
    ),
    "lag": Text(
        "network of the gateway, and load of the machine that runs AniMOV",
        "réseau de la passerelle et charge de la machine qui fait tourner AniMOV",
    ),
    "clock": Text(
        "set the collar's clock, as its maker says; what it told meanwhile stays dated as it was, or refused",
        "remettez le collier à l'heure selon sa notice ; ce qu'il a dit entre-temps reste daté ainsi, ou refusé",
    ),
}

EVIDENCE: Final[Mapping[str, Text]] = {
    "more": Text(
        "stands {observed:.0%} of the time where {mean:.0%} was expected; above the band in {outside} of {windows}"
        " quarters of an hour",
        "debout {observed:.0%} du temps pour {mean:.0%} attendus ; au-dessus de la bande {outside} quarts d'heure sur"
        " {windows}",
    ),
    "less": Text(
        "stands {observed:.0%} of the time where {mean:.0%} was expected; below the band in {outside} of {windows}"
        " quarters of an hour",
        "debout {observed:.0%} du temps pour {mean:.0%} attendus ; au-dessous de la bande {outside} quarts d'heure sur"
        " {windows}",
    ),
    "silent": Text(
        "nothing was heard of it for {minutes:min}; it is usually heard again within {limit_minutes:min}",
        "rien reçu pendant {minutes:min} ; d'habitude il redonne signe de vie en moins de {limit_minutes:min}",
    ),
    "farm_silent": Text(
        "{collars} of {of} collars fell silent together", "{collars} colliers sur {of} se sont tus ensemble"
    ),
    "battery_low": Text(
        "battery at {millivolts:.0f} mV, low below {low_millivolts:.0f} mV",
        "batterie à {millivolts:.0f} mV, faible sous {low_millivolts:.0f} mV",
    ),
    "battery_falls": Text(
        "battery at {millivolts:.0f} mV, falling by {millivolts_a_day:.0f} mV a day: low by {day}",
        "batterie à {millivolts:.0f} mV, en baisse de {millivolts_a_day:.0f} mV par jour : faible vers le {day}",
    ),
    "clock_refused": Text(
        "{messages} of its messages were refused for their times in a day, the last: {newest}",
        "{messages} de ses messages refusés en un jour à cause de leur heure, le dernier : {newest}",
    ),
    "clock_reset": Text(
        "its clock was reset and is {hours:h} behind: what it tells is dated before 2015",
        "horloge remise à zéro, en retard de {hours:h} : ses données sont datées d'avant 2015",
    ),
    "clock_behind": Text(
        "its clock is {seconds:s} behind: what it tells is dated as wrongly",
        "horloge en retard de {seconds:s} : ses données sont datées d'autant trop tôt",
    ),
    "clock_ahead": Text(
        "its clock is {seconds:s} ahead: what it tells is dated as wrongly",
        "horloge en avance de {seconds:s} : ses données sont datées d'autant trop tard",
    ),
    "clock_loses": Text("its clock loses {seconds:s} a day", "son horloge perd {seconds:s} par jour"),
    "clock_gains": Text("its clock gains {seconds:s} a day", "son horloge gagne {seconds:s} par jour"),
    "dark": Text(
        "its posture is known for {known:.0%} of the day, something was received for {received:.0%}",
        "posture connue {known:.0%} de la journée, données reçues {received:.0%} de la journée",
    ),
    "farm_dark": Text(
        "the posture of {animals} of {of} animals is known for too little of the day",
        "posture trop rarement connue chez {animals} animaux sur {of}",
    ),
    "lying_long": Text(
        "had been lying for {minutes:min} without a break; more than {limit_minutes:min} is unusual for it",
        "couché depuis {minutes:min} sans se lever ; au-delà de {limit_minutes:min}, c'est anormal pour lui",
    ),
    "unmoved_lying": Text(
        "had not risen for {hours:h}: no healthy animal lies so long",
        "ne s'est pas levé depuis {hours:h} : aucun animal sain ne reste couché aussi longtemps",
    ),
    "restless": Text(
        "{bouts:.0f} lying bouts in 24 h, {interruptions:.0f} of them broken off shortly; {bouts_low:.0f} to"
        " {bouts_high:.0f} bouts are usual for it",
        "{bouts:.0f} périodes couchées en 24 h, dont {interruptions:.0f} brèves interruptions ; d'habitude de"
        " {bouts_low:.0f} à {bouts_high:.0f}",
    ),
    "restless_bouts": Text(
        "{bouts:.0f} lying bouts in 24 h; {bouts_low:.0f} to {bouts_high:.0f} are usual for it",
        "{bouts:.0f} périodes couchées en 24 h ; d'habitude de {bouts_low:.0f} à {bouts_high:.0f}",
    ),
    "stands_little": Text(
        "stood for {standing_minutes:min} of the last 24 h; {standing_minutes_low:min} to"
        " {standing_minutes_high:min} are usual for it",
        "debout {standing_minutes:min} sur 24 h ; d'habitude de {standing_minutes_low:min} à"
        " {standing_minutes_high:min}",
    ),
    "still": Text(
        "its collar has not moved at all for {hours:h}: it has come off, or the animal is dead; nothing is told"
        " of its posture since",
        "collier sans le moindre mouvement depuis {hours:h} : il est tombé, ou l'animal est mort ; aucune"
        " posture n'est retenue depuis",
    ),
    "unmoved_standing": Text(
        "read as standing for {hours:h} without a break: no animal does so",
        "vu debout depuis {hours:h} sans interruption : aucun animal ne le reste aussi longtemps",
    ),
}

ENDINGS: Final[Mapping[str, Text]] = {
    "inside": Text("back inside the band", "revenu dans la bande"),
    "no_data": Text("nothing is known any longer", "plus de données"),
    "undone": Text("later data undid it", "démenti par des données arrivées plus tard"),
    "heard": Text("heard again", "de nouveau reçu"),
    "not_worn": Text("nobody wears it any longer", "plus porté"),
    "farm_wide": Text("part of an alert about the whole farm", "compris dans une alerte sur toute l'exploitation"),
    "charged": Text("charged or changed", "rechargée ou changée"),
    "lasts": Text("it will last for longer", "elle tiendra plus longtemps"),
    "set_right": Text("its clock is right again", "de nouveau à l'heure"),
    "covered": Text("enough is known again", "données de nouveau suffisantes"),
    "posture_changed": Text("it changed its posture", "il a changé de posture"),
    "usual_again": Text("as usual again", "de nouveau comme d'habitude"),
    "moves": Text("it moves again", "de nouveau en mouvement"),
    "motionless": Text("it has become motionless", "devenu une immobilité"),
}

CAUSES: Final[Mapping[str, Text]] = {
    "coverage_dropped": Text(
        "{now:.0%} of the animals' time was heard, {usual:.0%} the day before",
        "{now:.0%} du temps des animaux entendu, {usual:.0%} la veille",
    ),
    "collars_reassigned": Text(
        "collars changed on {animals} of {members} animals", "colliers changés sur {animals} animaux sur {members}"
    ),
    "members_moved": Text(
        "{animals} of {members} animals joined or left", "{animals} animaux sur {members} arrivés ou partis"
    ),
    "heat": Text(
        "heat: temperature-humidity index {thi:.0f}, {before:.0f} the day before",
        "chaleur : indice température-humidité {thi:.0f}, {before:.0f} la veille",
    ),
    "weather_jump": Text(
        "weather changed: temperature-humidity index {thi:.0f}, {before:.0f} the day before",
        "changement de temps : indice température-humidité {thi:.0f}, {before:.0f} la veille",
    ),
    "rain": Text("rain: {rain_mm:.1f} mm an hour", "pluie : {rain_mm:.1f} mm par heure"),
    "farm_event": Text(
        "at the time of {event}: it may have been early, late or left out",
        "à l'heure de {event} : avancé, retardé ou omis ?",
    ),
    "clock_changed": Text(
        "the clock changed by {hours:+.0f} h within two days", "changement d'heure de {hours:+.0f} h depuis deux jours"
    ),
    "model_weak": Text(
        "the model has foretold this series no better than a mean in the last week",
        "le modèle n'a pas fait mieux qu'une moyenne sur cette série depuis une semaine",
    ),
    "forecast_remark": Text(
        "what was expected came with a remark: {reason}", "remarque sur la prévision d'alors : {reason}"
    ),
    "gateway_or_node": Text(
        "the gateway, its network or this machine, not the collars",
        "la passerelle, son réseau ou cette machine, pas les colliers",
    ),
    "out_of_reach": Text(
        "out of reach of the gateway, or lost with the animal",
        "hors de portée de la passerelle, ou perdu avec l'animal",
    ),
    "battery_empty": Text("battery empty, or collar broken", "batterie vide, ou collier cassé"),
    "still_connected": Text(
        "it still tells of its state, so its sensor or its programme is at fault",
        "il annonce encore son état : capteur ou programme en défaut",
    ),
    "mount_unknown": Text(
        "nobody has said where the collar is worn: animov collar add",
        "position du capteur inconnue : animov collar add",
    ),
    "collar_turned": Text(
        "the collar has turned, its new position is being learned", "collier tourné, nouvelle position en apprentissage"
    ),
    "messages_lost": Text("messages are lost on the way", "des messages se perdent en route"),
    "thin_evidence": Text(
        "what comes does not tell standing from lying: a loose or badly placed collar",
        "les données reçues ne distinguent pas debout de couché : collier lâche ou mal placé",
    ),
    "animal_down": Text("it is down and can't rise", "animal à terre, incapable de se lever"),
    "animal_dead": Text("the animal is dead", "animal mort"),
    "collar_fallen": Text("the collar has come off", "collier tombé"),
}

JOURNAL: Final[Mapping[str, Text]] = {
    "kidding": Text("kidding", "mise bas"),
    "treatment": Text("treatment", "traitement"),
    "ration": Text("change of the ration", "changement de ration"),
    "move": Text("move", "déplacement"),
    "other": Text("noted", "noté"),
}
"""What the journal tells of."""

UNEXPLAINED: Final = Text(
    "nothing that is known here explains it: look at the animals",
    "rien de connu ici ne l'explique : allez voir les animaux",
)


class _Numbers(Formatter):
    """Numbers as sentences have them: lengths of time in their one form."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in UNITS:
            return lasting(value * UNITS[format_spec], self._language)
        return str(super().format_field(value, format_spec))


def told(text: Text, language: Language, numbers: Mapping[str, Any]) -> str:
    """Return a sentence with its numbers; French puts a space before the sign of percent."""
    sentence = _Numbers(language).vformat(text.fr if language == "fr" else text.en, (), numbers)
    return sentence.replace("%", "\u202f%") if language == "fr" else sentence


def entry_told(entry: Mapping[str, Any], language: Language) -> str:
    """Return a journal entry near an alert in a line: what, about whom, in whose words.

    >>> entry_told({"kind": "move", "about": "group", "name": "dairy", "note": "to the new pen"}, "en")
    'move, group dairy: to the new pen'
    """
    what, about = (told(texts[entry[name]], language, {}) for texts, name in ((JOURNAL, "kind"), (ABOUT, "about")))
    colon = " : " if language == "fr" else ": "
    return f"{what}, {about} {entry['name']}" + (f"{colon}{entry['note']}" if entry["note"] else "")


def causes_told(causes: list[dict[str, Any]], language: Language) -> list[str]:
    """Return a sentence for each likely cause, in their order; one that says so where there is none."""
    if not causes:
        return [told(UNEXPLAINED, language, {})]
    return [told(CAUSES[cause["code"]], language, _in(cause, language)) for cause in causes]


def _in(cause: Mapping[str, Any], language: Language) -> Mapping[str, Any]:
    """Return the members of a cause as they are told."""
    is_remark = language == "fr" and "reason" in cause
    return {**cause, "reason": remark_in_french(cause["reason"])} if is_remark else cause


def evidence_told(kind: str, evidence: Mapping[str, Any], expected: Mapping[str, Any], language: Language) -> str:
    """Return what is the matter in a sentence; of a kind without numbers of its own its name."""
    text = EVIDENCE.get(str(evidence.get("code", evidence.get("direction", ""))), KINDS[kind])
    return told(text, language, {**expected, **evidence})

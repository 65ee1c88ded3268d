"""What dashboards say, in French and in English: titles, a sentence about each panel, names of columns and values."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from core.alert_texts import KINDS, SEVERITIES, Text
from core.state_texts import STATES


class Said(NamedTuple):
    """A title, and what is to be seen there, in a sentence."""

    title: Text
    description: Text


def _said(fr: str, en: str, fr_sentence: str, en_sentence: str) -> Said:
    return Said(Text(en, fr), Text(en_sentence, fr_sentence))


BOARDS: Final[Mapping[str, Said]] = {
    "farms": _said(
        "Mes élevages",
        "My farms",
        "Une ligne par élevage que je peux voir, le plus préoccupant d'abord.",
        "A row for each farm that I may see, the one to worry about first.",
    ),
    "home": _said(
        "Mes chèvres",
        "My goats",
        "Chaque lot maintenant, ce qui était attendu, et ce qui est à regarder.",
        "Each group now, what was expected, and what is to be looked at.",
    ),
    "group": _said(
        "Groupe",
        "Group",
        "Un lot : mesuré, prévu, et les animaux qui s'écartent de leurs habitudes.",
        "A group: measured, forecast, and the animals that are off their habits.",
    ),
    "animal": _said(
        "Animal",
        "Animal",
        "Un animal : ses postures, ses journées, son collier.",
        "An animal: its postures, its days, its collar.",
    ),
    "collars": _said(
        "Colliers",
        "Collars",
        "Les colliers : entendus quand, batterie, données reçues et refusées.",
        "The collars: when they were heard, batteries, what came and what was refused.",
    ),
    "model": _said(
        "Modèle",
        "Model",
        "Ce que valent les prévisions d'un lot, à côté des plus simples.",
        "How good the forecasts of a group are, beside the simplest ones.",
    ),
    "system": _said(
        "Système",
        "System",
        "Retards, débits et files d'attente de la machine qui fait tourner AniMOV.",
        "Lag, throughput and queues of the machine that runs AniMOV.",
    ),
}

PANELS: Final[Mapping[str, Said]] = {
    "farms.table": _said(
        "Élevages",
        "Farms",
        "Les lots hors bande et les alertes en cours de chaque élevage ; un clic ouvre l'élevage.",
        "Groups outside their band and open alerts of each farm; a click opens the farm.",
    ),
    "home.tile": _said(
        "${group:text}",
        "${group:text}",
        "Part du temps passée debout au dernier quart d'heure connu, combien d'animaux sont connus, la bande attendue"
        " et de combien on en sort.",
        "Share of the time standing in the latest quarter of an hour that is known, how many animals are known, the"
        " band that was expected and how far outside of it this is.",
    ),
    "home.week": _said(
        "Aujourd'hui et les 7 derniers jours",
        "Today and the last 7 days",
        "Part du temps debout depuis minuit, à côté des mêmes heures des sept jours d'avant.",
        "Share of the time standing since midnight, beside the same hours of the seven days before.",
    ),
    "home.alerts": _said(
        "Alertes en cours",
        "Open alerts",
        "Ce qui a été vu et attendu, depuis quand, et constaté quand ; écartées et finies n'y sont plus.",
        "What was seen and expected, since when, and when it was found; what was dismissed or is over is not here any"
        " longer.",
    ),
    "home.silent": _said(
        "Colliers muets",
        "Silent collars",
        "Colliers portés dont rien n'est venu depuis une heure, le plus ancien d'abord.",
        "Collars that are worn and of which nothing came for an hour, the longest first.",
    ),
    "group.line": _said(
        "Part du temps debout, mesurée et prévue",
        "Share of the time standing, measured and forecast",
        "À gauche de maintenant ce qui a été mesuré, à droite la prévision et ses bandes à 80 et 95 % ; un trou est un"
        " manque de données, le gris est la nuit.",
        "Left of now what was measured, right of it the forecast with its bands of 80 and 95 %; a hole is want of data,"
        " grey is night.",
    ),
    "group.issued": _said(
        "Prévisions d'alors",
        "Forecasts as issued",
        "Ce qui avait été prévu ${ahead} h à l'avance, tel qu'émis, et ce qui est venu.",
        "What had been forecast ${ahead} h ahead, as it was issued, and what came.",
    ),
    "group.weather": _said(
        "Météo prévue",
        "Weather as forecast",
        "Température et indice température-humidité (NRC 1971) tels que prévus, tant que les prévisions sont gardées.",
        "Temperature and temperature-humidity index (NRC 1971) as they were forecast, as long as forecasts are kept.",
    ),
    "group.days": _said(
        "Heures debout par jour",
        "Hours standing by day",
        "Heures debout sur 24, de ce qui est connu ; la dernière colonne est aujourd'hui jusqu'à maintenant.",
        "Hours standing in 24, of what is known; the last column is today until now.",
    ),
    "group.habits": _said(
        "Animaux, le plus loin de ses habitudes d'abord",
        "Animals, the furthest off its habits first",
        "Chaque animal comparé à lui-même ; 1 et plus demande d'aller voir.",
        "Each animal compared with itself; 1 and more asks to go and see.",
    ),
    "animal.timeline": _said(
        "Postures",
        "Postures",
        "Debout, couché, posture inconnue ou aucune donnée, à la seconde près, sur deux semaines au plus.",
        "Standing, lying, posture unknown or no data, to the second, of two weeks at the most.",
    ),
    "animal.days": _said(
        "Heures debout par jour, et l'habituel",
        "Hours standing by day, and what is usual",
        "Heures debout sur 24 à côté de la bande habituelle de cet animal ; un jour connu à moins de la moitié reste"
        " vide.",
        "Hours standing in 24 beside the band that is usual for this animal; a day known by less than half is empty.",
    ),
    "animal.bouts": _said(
        "Périodes debout et couchées",
        "Bouts",
        "Les 500 dernières périodes de l'intervalle, la plus récente d'abord.",
        "The latest 500 bouts of the span, the last first.",
    ),
    "animal.collar": _said(
        "Collier",
        "Collar",
        "Le collier que l'animal porte : entendu quand, batterie, données d'hier.",
        "The collar that the animal wears: when it was heard, battery, what came yesterday.",
    ),
    "animal.battery": _said(
        "Batterie du collier",
        "Battery of the collar",
        "La tension la plus basse de chaque jour.",
        "The least voltage of each day.",
    ),
    "collars.table": _said(
        "Colliers, le plus longtemps muet d'abord",
        "Collars, the longest silent first",
        "Quand chaque collier a été entendu (vide : pas depuis deux semaines), batterie, et part de la journée d'hier"
        " reçue et connue.",
        "When each collar was heard (empty: not for two weeks), battery, and the shares of yesterday that were received"
        " and known.",
    ),
    "collars.battery": _said(
        "Les vingt batteries les plus faibles",
        "The twenty weakest batteries",
        "La tension la plus basse de chaque jour ; sous 3,5 V une cellule lithium est vide.",
        "The least voltage of each day; below 3.5 V a lithium cell is empty.",
    ),
    "collars.messages": _said(
        "Messages par heure",
        "Messages by hour",
        "Messages admis, aussi loin que les messages bruts sont gardés ; une heure sans message est un trou.",
        "Messages that were admitted, as far back as raw ones are kept; an hour without any is a hole.",
    ),
    "collars.rejects": _said(
        "Messages refusés, par raison",
        "Messages refused, by reason",
        "Ce qui n'a pas été admis dans l'intervalle, combien de fois, et un exemple.",
        "What was not admitted in the span, how often, and an example.",
    ),
    "model.errors": _said(
        "Erreur par horizon, à côté des références",
        "Error by horizon, beside the baselines",
        "RMSE des 14 derniers jours par bande d'horizon en quarts d'heure : le modèle et quatre prévisions simples.",
        "RMSE of the last 14 days by band of horizon in quarters of an hour: the model and four simple forecasts.",
    ),
    "model.coverage": _said(
        "Couverture des bandes",
        "Coverage of the bands",
        "Part de ce qui est venu dans les bandes à 80 et 95 % : ces nombres devraient être 80 et 95 %.",
        "Share of what came within the bands of 80 and 95 %: these figures should be 80 and 95 %.",
    ),
    "model.skill": _said(
        "Valeur ajoutée par jour",
        "Skill by day",
        "1 - RMSE du modèle / RMSE de la meilleure référence du jour : au-dessus de 0 le modèle fait mieux ;"
        " 28 jours au plus.",
        "1 - RMSE of the model / RMSE of the best baseline of that day: above 0 the model is better; 28 days at most.",
    ),
    "model.reigning": _said(
        "Champion et challenger",
        "Champion and challenger",
        "Le modèle qui prévoit et celui qui pourrait le remplacer ; vide tant que le modèle par défaut prévoit.",
        "The model that forecasts and the one that may take its place; empty while the default model forecasts.",
    ),
    "model.changes": _said(
        "Changements et resélections",
        "Changes and re-selections",
        "Quand un modèle en a remplacé un autre, et pourquoi.",
        "When a model took the place of another, and why.",
    ),
    "system.window": _said(
        "Âge des dernières données",
        "Age of the newest data",
        "Temps écoulé depuis la fin de la dernière fenêtre connue ; au-delà d'une heure rien n'arrive plus.",
        "Time since the end of the newest window; beyond an hour nothing comes any longer.",
    ),
    "system.slot": _said(
        "Âge de la dernière prévision",
        "Age of the newest forecast",
        "Temps écoulé depuis la dernière prévision ; une nouvelle est due tous les quarts d'heure.",
        "Time since the newest forecast; one is due every quarter of an hour.",
    ),
    "system.waiting": _said(
        "En attente",
        "Waiting",
        "Messages reçus par HTTP et quarts d'heure modifiés qui attendent encore d'être traités.",
        "Messages that came by HTTP, and changed quarters of an hour, that still wait for work.",
    ),
    "system.size": _said(
        "Base de données",
        "Database",
        "Taille de toute la base, tous élevages confondus.",
        "Size of the whole database, of all farms.",
    ),
    "system.throughput": _said(
        "Débit",
        "Throughput",
        "Octets de messages admis par heure, aussi loin que les messages bruts sont gardés.",
        "Bytes of admitted messages by hour, as far back as raw ones are kept.",
    ),
    "system.cycles": _said(
        "Durée des cycles de prévision",
        "Time of forecast cycles",
        "Secondes de chaque quart d'heure, ou au-delà de deux semaines les plus longues de chaque heure ; un trou est "
        "un cycle manqué.",
        "Seconds of each quarter of an hour, or beyond two weeks the longest of each hour; a hole is a cycle that was "
        "missed.",
    ),
    "system.flushes": _said(
        "Temps d'écriture",
        "Flush time",
        "Secondes que prend l'écriture de messages dans la base, tous élevages confondus : moyenne et plus longue de "
        "chaque minute, au-delà de deux jours de chaque quart d'heure.",
        "Seconds that writing messages into the database takes, of all farms: mean and longest of each minute, beyond "
        "two days of each quarter of an hour.",
    ),
    "system.messages": _said(
        "Messages par seconde",
        "Messages per second",
        "Messages écrits dans la base par seconde de l'horloge de la machine, tous élevages confondus ; un trou est un "
        "temps sans message.",
        "Messages written into the database per second of the machine's clock, of all farms; a hole is a time without "
        "any.",
    ),
    "system.jobs": _said(
        "File des travaux",
        "Job queue",
        "Les travaux de la machine, par file : en attente, en cours, échoués depuis un jour.",
        "The jobs of the machine by lane: waiting, under way, failed within a day.",
    ),
}

COLUMNS: Final[Mapping[str, Text]] = {
    "farm": Text("farm", "élevage"),
    "group": Text("group", "lot"),
    "groups": Text("groups", "lots"),
    "animal": Text("animal", "animal"),
    "outside": Text("outside the band", "hors bande"),
    "urgent": Text("urgent", "urgentes"),
    "alerts": Text("alerts", "alertes"),
    "silent": Text("silent collars", "colliers muets"),
    "ratio": Text("measured", "mesuré"),
    "heard": Text("heard until", "entendu jusqu'à"),
    "now": Text("now", "maintenant"),
    "known_of": Text("animals known", "animaux connus"),
    "band": Text("expected", "attendu"),
    "today": Text("today", "aujourd'hui"),
    "week": Text("7 days before", "7 jours d'avant"),
    "since": Text("since", "depuis"),
    "found": Text("found", "constaté"),
    "severity": Text("severity", "gravité"),
    "what": Text("what", "quoi"),
    "name": Text("who", "qui"),
    "seen": Text("seen and expected", "vu et attendu"),
    "state": Text("state", "état"),
    "collar": Text("collar", "collier"),
    "silent_s": Text("silent for", "muet depuis"),
    "expected": Text("forecast", "prévu"),
    "low80": Text("80 % from", "80 % de"),
    "high80": Text("80 % to", "80 % à"),
    "low95": Text("95 % from", "95 % de"),
    "high95": Text("95 % to", "95 % à"),
    "temperature": Text("temperature", "température"),
    "thi": Text("temperature-humidity index", "indice température-humidité"),
    "precipitation": Text("rain", "pluie"),
    "standing_h": Text("standing", "debout"),
    "standing_h_low": Text("usually from", "d'habitude de"),
    "standing_h_high": Text("usually to", "d'habitude à"),
    "lying_bouts": Text("lying bouts", "couchers"),
    "low": Text("usually from", "d'habitude de"),
    "high": Text("usually to", "d'habitude à"),
    "score": Text("departure", "écart"),
    "start": Text("start", "début"),
    "ended": Text("end", "fin"),
    "posture": Text("posture", "posture"),
    "minutes": Text("length", "durée"),
    "battery_v": Text("battery", "batterie"),
    "battery_at": Text("told at", "dite à"),
    "least_v": Text("least voltage", "tension la plus basse"),
    "rssi_dbm": Text("signal", "signal"),
    "firmware": Text("firmware", "logiciel"),
    "received": Text("received yesterday", "reçu hier"),
    "known": Text("known yesterday", "connu hier"),
    "messages": Text("messages", "messages"),
    "bytes": Text("bytes", "octets"),
    "code": Text("reason", "raison"),
    "latest": Text("latest", "dernier"),
    "detail": Text("example", "exemple"),
    "horizon": Text("horizon", "horizon"),
    "model": Text("model", "modèle"),
    "persistence": Text("last value", "dernière valeur"),
    "mean": Text("mean", "moyenne"),
    "seasonal_naive": Text("as the day before", "comme la veille"),
    "mean_14d": Text("mean of the hour, 14 days", "moyenne de l'heure, 14 jours"),
    "covered80": Text("within 80 %", "dans les 80 %"),
    "covered95": Text("within 95 %", "dans les 95 %"),
    "alias": Text("role", "rôle"),
    "model_id": Text("model", "modèle"),
    "specification": Text("specification", "spécification"),
    "time": Text("time", "quand"),
    "kind": Text("what", "quoi"),
    "why": Text("why", "pourquoi"),
    "from_model": Text("from", "de"),
    "to_model": Text("to", "à"),
    "window_age_s": Text("newest data", "dernières données"),
    "slot_age_s": Text("newest forecast", "dernière prévision"),
    "posted": Text("messages by HTTP", "messages par HTTP"),
    "changed": Text("quarters of an hour", "quarts d'heure"),
    "database_bytes": Text("database", "base"),
    "seconds": Text("one cycle", "un cycle"),
    "mean_s": Text("mean", "moyenne"),
    "longest_s": Text("longest", "plus longue"),
    "messages_per_s": Text("messages per second", "messages par seconde"),
    "lane": Text("lane", "file"),
    "waiting": Text("waiting", "en attente"),
    "oldest_s": Text("oldest", "le plus ancien"),
    "under_way": Text("under way", "en cours"),
    "failed": Text("failed", "échoués"),
}

VALUES: Final[Mapping[str, Text]] = {
    "standing": Text("standing", "debout"),
    "lying": Text("lying", "couché"),
    "unknown": Text("unknown", "inconnu"),
    "no_data": Text("no data", "pas de données"),
    **STATES,
    **SEVERITIES,
    **KINDS,
}
"""Values that panels show by words."""

VARIABLES: Final[Mapping[str, Text]] = {
    "farm": Text("Farm", "Élevage"),
    "group": Text("Group", "Lot"),
    "animal": Text("Animal", "Animal"),
    "ahead": Text("Hours ahead", "Heures d'avance"),
}

MARKS: Final[Mapping[str, Text]] = {
    "now": Text("now", "maintenant"),
    "night": Text("night", "nuit"),
    "events": Text("milking and feeding", "traite et alimentation"),
    "journal": Text("journal", "carnet"),
}

"""Texts of choosing and reading data, and of what charts call things."""

from collections.abc import Mapping
from typing import Final

from core.alert_texts import Text

TEXTS: Final[Mapping[str, Text]] = {
    "data": Text("Data", "Données"),
    "source": Text("Where from", "D'où viennent les données"),
    "source_farm": Text("A group of the farm, or the herd", "Un lot de l'exploitation, ou le troupeau"),
    "source_file": Text("A file (CSV)", "Un fichier (CSV)"),
    "group": Text("Group", "Lot"),
    "herd": Text("The whole herd", "Tout le troupeau"),
    "period": Text("Period", "Période"),
    "last_days": Text("the last {days} days", "les {days} derniers jours"),
    "whole_file": Text("the whole file", "tout le fichier"),
    "worked_on": Text("Worked on: {farm}, {series}, {span}.", "Série choisie : {farm}, {series}, {span}."),
    "nothing_measured": Text("Nothing was measured in this period.", "Rien n'a été mesuré pendant cette période."),
    "known_values": Text("{known} known values of {of}.", "{known} valeurs connues sur {of}."),
    "measured": Text("measured", "mesuré"),
    "chart_of_data": Text(
        "Share of time standing of {series}; gaps are where nothing is known.",
        "Part du temps debout de {series} ; les trous sont là où rien n'est connu.",
    ),
    "clock_of": Text("time in {zone}", "heure de {zone}"),
    "standing": Text("standing", "debout"),
    "what": Text("What", "Quoi"),
    "when": Text("When", "Quand"),
    "file": Text("File", "Fichier"),
    "file_wanted": Text(
        "A table with dates and the share of time standing (`date`, `ratio_debout`), a step a line. Semicolons, commas "
        "or tabs, decimal comma or point, `31/12/2025 14:30` or `2025-12-31 14:30`: all are understood, "
        "in UTF-8, UTF-16 ('Unicode text' of Excel) or as Windows writes. 8 MB at most.",
        "Un tableau avec des dates et la part du temps debout (`date`, `ratio_debout`), un pas par ligne. "
        "Points-virgules, virgules ou tabulations, virgule ou point décimal, `31/12/2025 14:30` ou "
        "`2025-12-31 14:30` : tout est compris, en UTF-8, en UTF-16 (« Texte Unicode » d'Excel) ou tel "
        "que Windows l'écrit. 8 Mo au plus.",
    ),
    "file_named": Text("File {name}", "Fichier {name}"),
    "file_refused": Text(
        "The file {name} could not be read, and nothing is worked on in its place. Correct it and choose it anew on "
        "the page 'Data', or choose a group there.",
        "Le fichier {name} n'a pas pu être lu, et rien n'est choisi à sa place. Corrigez-le et choisissez-le de "
        "nouveau à la page « Données », ou choisissez-y un lot.",
    ),
    "no_file": Text(
        "No file is chosen: choose one on the page 'Data', or a group.",
        "Aucun fichier n'est choisi : choisissez-en un à la page « Données », ou un lot.",
    ),
    "file_kept": Text("The file {name} is chosen.", "Le fichier {name} est choisi."),
    "file_read": Text(
        "{rows} rows read; between the cells: {sign}; numbers with {comma}.",
        "{rows} lignes lues ; entre les cellules : {sign} ; nombres avec {comma}.",
    ),
    "semicolon": Text("semicolon", "point-virgule"),
    "comma": Text("comma", "virgule"),
    "tab": Text("tab", "tabulation"),
    "decimal_comma": Text("decimal comma", "virgule décimale"),
    "decimal_point": Text("decimal point", "point décimal"),
    "date_column": Text("Column of the dates", "Colonne des dates"),
    "ratio_column": Text("Column of the share of time standing", "Colonne de la part du temps debout"),
    "unit": Text("Unit of the values", "Unité des valeurs"),
    "unit_ratio": Text("share, 0 to 1", "part, de 0 à 1"),
    "unit_percent": Text("percent, 0 to 100", "pour cent, de 0 à 100"),
    "percent_hint": Text(
        "The values lie between 0 and 100: they are read as percent.",
        "Les valeurs vont de 0 à 100 : elles sont lues comme des pourcentages.",
    ),
    "percent_signs": Text(
        "The values have percent signs: they become shares, 28.1% is read as 0.281.",
        "Les valeurs portent le signe % : elles deviennent des parts, 28,1 % se lit 0,281.",
    ),
    "zone": Text("Clock of the dates", "Horloge des dates"),
    "zone_help": Text(
        "Etc/GMT-1 is a clock that stays on winter time of Paris all year.",
        "Etc/GMT-1 est une horloge qui reste toute l'année à l'heure d'hiver de Paris.",
    ),
    "series_name": Text("Name of the series", "Nom de la série"),
    "series_name_help": Text(
        "Letters, digits, - and _. A file of the same name goes on with its models.",
        "Lettres, chiffres, - et _. Un fichier du même nom continue avec ses modèles.",
    ),
    "first_rows": Text("First {shown} of {of} rows", "Les {shown} premières lignes sur {of}"),
}

"""Texts of models: making, using, following and comparing them."""

from collections.abc import Mapping
from typing import Final

from core.alert_texts import Text

TEXTS: Final[Mapping[str, Text]] = {
    "models": Text("Models", "Modèles"),
    "model": Text("Model", "Modèle"),
    "the_model": Text("the model", "le modèle"),
    "new_model": Text("A new model", "Nouveau modèle"),
    "no_model": Text(
        "There is no model of this series yet; the farm's default model forecasts it.",
        "Il n'y a pas encore de modèle de cette série ; le modèle par défaut de l'exploitation la prévoit.",
    ),
    "no_model_of_file": Text(
        "There is no model of this series yet; the first one is champion at once.",
        "Il n'y a pas encore de modèle de cette série ; le premier est champion aussitôt.",
    ),
    "model_name": Text("no. {number} {orders}{aliases}", "n° {number} {orders}{aliases}"),
    "champion": Text("champion", "champion"),
    "challenger": Text("challenger", "prétendant"),
    "order": Text("Orders p, d, q", "Ordres p, d, q"),
    "seasonal_order": Text("Seasonal orders P, D, Q, s (s = 0: none)", "Ordres saisonniers P, D, Q, s (s = 0 : aucun)"),
    "harmonics": Text("Harmonics of the day", "Harmoniques du jour"),
    "harmonics_help": Text(
        "Sine and cosine pairs: the more, the finer the rhythm of the day.",
        "Paires sinus et cosinus : plus il y en a, plus le rythme du jour est fin.",
    ),
    "weekly_harmonics": Text("Harmonics of the week", "Harmoniques de la semaine"),
    "regressors": Text("Regressors", "Régresseurs"),
    "regressors_help": Text(
        "What else the model looks at; without any choice those of the farm's default model, of a file none.",
        "Ce que le modèle regarde d'autre ; sans choix ceux du modèle par défaut, d'un fichier aucun.",
    ),
    "choose": Text("Choose", "Choisir"),
    "future_of": Text("What is known of {name} in the future", "Ce que l'on sait de {name} à l'avenir"),
    "rule_day": Text("like the day before", "comme la veille"),
    "rule_last": Text("the last value", "la dernière valeur"),
    "rule_known": Text("known ahead, as in the file", "connu d'avance, comme dans le fichier"),
    "learns_from": Text("Learns from", "Apprend sur"),
    "days": Text("{days} days", "{days} jours"),
    "none": Text("none", "aucun"),
    "train": Text("Train", "Entraîner"),
    "to_train": Text(
        "Will be trained: **{series}**, from {first} to {last}, {known} known values; the last two days are held out "
        "to judge the model on.",
        "Sera entraîné : **{series}**, du {first} au {last}, {known} valeurs connues ; les deux derniers jours sont "
        "mis de côté pour juger le modèle.",
    ),
    "nothing_to_train": Text(
        "{series}: not one value is known, so nothing can be trained. Choose a longer period or another group on the "
        "page 'Data', or look whether the collars are heard.",
        "{series} : aucune valeur n'est connue, rien ne peut être entraîné. Choisissez une période plus longue ou un "
        "autre lot à la page « Données », ou regardez si les colliers sont entendus.",
    ),
    "training": Text("Training", "Entraînement"),
    "training_title": Text("no. {number}, {at}, {by}", "n° {number}, {at}, {by}"),
    "under_way_train": Text("Training no. {number} is under way.", "L'entraînement n° {number} est en cours."),
    "under_way_test": Text("Test no. {number} is under way.", "Le test n° {number} est en cours."),
    "under_way_compare": Text("Comparison no. {number} is under way.", "La comparaison n° {number} est en cours."),
    "under_way_promote": Text(
        "Promotion no. {number} is under way: the models are being compared.",
        "La promotion n° {number} est en cours : les modèles sont comparés.",
    ),
    "under_way_predict": Text("Prediction no. {number} is under way.", "La prévision n° {number} est en cours."),
    "waits": Text("waits for the worker", "attend son tour"),
    "begun": Text("begun", "commencé"),
    "expected": Text(
        "{share} %; expected to take {seconds} s in all", "{share} % ; durée prévue : {seconds} s en tout"
    ),
    "cancel": Text("Cancel", "Annuler"),
    "was_cancelled": Text(
        "No. {number} was cancelled; nothing has changed.", "Le n° {number} a été annulé ; rien n'a changé."
    ),
    "has_failed": Text("No. {number} has failed: {why}", "Le n° {number} a échoué : {why}"),
    "result_of": Text("Training no. {number}: model no. {model}", "Entraînement n° {number} : modèle n° {model}"),
    "validation_rmse": Text("RMSE of two days held out", "RMSE de deux jours mis de côté"),
    "validation_rmse_help": Text(
        "Of the last two days, which the training did not see, foretold at once. In shares of time: 0.1 is 10 points.",
        "Des deux derniers jours, que l'entraînement n'a pas vus, prévus d'un coup. En part du temps : 0,1 vaut 10 "
        "points.",
    ),
    "train_rmse": Text("RMSE of training, a step ahead", "RMSE d'apprentissage, un pas en avant"),
    "train_rmse_help": Text(
        "Of steps foretold one at a time, on what was learnt from.",
        "Des pas prévus un à un, sur ce qui a servi à apprendre.",
    ),
    "rmse": Text("RMSE", "RMSE"),
    "persistence": Text("as it was last", "comme à l'instant d'avant"),
    "mean": Text("the mean", "la moyenne"),
    "seasonal_naive": Text("as the day before", "comme la veille"),
    "mean_14d": Text("mean day of 14 days", "jour moyen sur 14 jours"),
    "two_days": Text("two days held out", "deux jours mis de côté"),
    "beats_baselines": Text(
        "The model errs less than each of the four simple rules.",
        "Le modèle se trompe moins que chacune des quatre règles simples.",
    ),
    "loses_to_baseline": Text(
        "At least one simple rule errs no more than the model: look for a better one.",
        "Au moins une règle simple ne se trompe pas plus que le modèle : cherchez-en un meilleur.",
    ),
    "learnt_from": Text("learnt from", "apprentissage"),
    "truth": Text("truth", "vérité"),
    "foretold": Text("foretold", "prévu"),
    "band": Text("band of {share} %", "bande à {share} %"),
    "table": Text("Table", "Tableau"),
    "download": Text("Download as CSV", "Télécharger en CSV"),
    "chart_of_errors": Text(
        "Error of the model beside those of simple rules; less is better.",
        "Erreur du modèle à côté de celles de règles simples ; moins vaut mieux.",
    ),
    "chart_of_result": Text(
        "{series}: what was learnt from, what came, what was foretold of it.",
        "{series} : l'apprentissage, ce qui est venu, et ce qui en avait été prévu.",
    ),
    "predict": Text("Predict", "Prévoir"),
    "issued_now": Text("the forecast in force, as issued", "la prévision en cours, telle qu'émise"),
    "issued_at": Text("Issued on {at}.", "Émise le {at}."),
    "no_forecast": Text("Nothing has been forecast of it yet.", "Rien n'en a encore été prévu."),
    "train_first": Text(
        "There is no model of this series yet: train one on the page 'Models'.",
        "Il n'y a pas encore de modèle de cette série : entraînez-en un à la page « Modèles ».",
    ),
    "horizon": Text("How far ahead", "Jusqu'où"),
    "steps": Text("{steps} steps", "{steps} pas"),
    "when_in": Text("When ({zone})", "Quand ({zone})"),
    "chart_of_forecast": Text(
        "{series}: what was measured, and what is to come with bands of 80 and 95 %.",
        "{series} : ce qui a été mesuré, et ce qui est à venir avec des bandes à 80 et 95 %.",
    ),
    "watch": Text("Follow", "Suivre"),
    "came_true": Text("How forecasts came true", "Ce que valaient les prévisions"),
    "forecast": Text("the forecast", "la prévision"),
    "span": Text("Over", "Sur"),
    "span_24": Text("the last day", "le dernier jour"),
    "span_168": Text("the last 7 days", "les 7 derniers jours"),
    "span_672": Text("the last 28 days", "les 28 derniers jours"),
    "nothing_came_true": Text(
        "No forecast has come true in this time.", "Aucune prévision n'est échue sur cette durée."
    ),
    "in_hindsight": Text(
        "Forecasts made in hindsight, from what was known then: there are no others yet.",
        "Prévisions faites après coup, avec ce qui était connu alors : il n'y en a pas encore d'autres.",
    ),
    "ahead": Text("How far ahead", "Échéance"),
    "horizon_1-4": Text("up to 1 h", "jusqu'à 1 h"),
    "horizon_5-24": Text("1 to 6 h", "1 à 6 h"),
    "horizon_25-96": Text("6 to 24 h", "6 à 24 h"),
    "horizon_97-192": Text("24 to 48 h", "24 à 48 h"),
    "horizon_all": Text("all", "toutes"),
    "within80": Text("within the band of 80 %", "dans la bande à 80 %"),
    "within95": Text("within the band of 95 %", "dans la bande à 95 %"),
    "chart_of_scores": Text(
        "Root mean squared error by how far ahead it was forecast; less is better.",
        "Erreur quadratique moyenne selon l'échéance ; moins vaut mieux.",
    ),
    "day_by_day": Text("Day by day", "Jour par jour"),
    "chart_of_days": Text(
        "Root mean squared error of each day, today so far; less is better.",
        "Erreur quadratique moyenne de chaque jour, aujourd'hui jusqu'ici ; moins vaut mieux.",
    ),
    "by_training": Text("RMSE over time, by model", "RMSE au fil du temps, par modèle"),
    "model_at": Text("no. {model}, {at}", "n° {model}, {at}"),
    "no_training": Text("Nothing was trained on this series yet.", "Rien n'a encore été entraîné sur cette série."),
    "chart_of_trainings": Text(
        "RMSE of the two days held out in each training, in order of time; less is better.",
        "RMSE des deux jours mis de côté à chaque entraînement, dans l'ordre du temps ; moins vaut mieux.",
    ),
    "compare": Text("Compare", "Comparer"),
    "reigns": Text("Champion: model {model}.", "Champion : modèle {model}."),
    "default_reigns": Text(
        "The farm's default model reigns: no model was promoted.",
        "Le modèle par défaut de l'exploitation règne : aucun modèle n'a été promu.",
    ),
    "the_default": Text("the farm's default model", "le modèle par défaut de l'exploitation"),
    "no_challenger": Text(
        "There is no other model to compare: train one on the page 'Models'.",
        "Il n'y a pas d'autre modèle à comparer : entraînez-en un à la page « Modèles ».",
    ),
    "which_model": Text("Which model", "Quel modèle"),
    "test": Text("Test", "Tester"),
    "test_help": Text(
        "Lets the model forecast the last 14 days from many origins, and scores it. Changes nothing.",
        "Le modèle prévoit les 14 derniers jours depuis de nombreux départs, et il est noté. Ne change rien.",
    ),
    "compare_with_champion": Text("Compare with the champion", "Comparer au champion"),
    "compare_help": Text(
        "The same with both, on the same origins, and whether the difference is more than chance. Changes nothing.",
        "De même pour les deux, aux mêmes départs, et si la différence dépasse le hasard. Ne change rien.",
    ),
    "promote": Text("Promote", "Promouvoir"),
    "promote_help": Text("Compares both, and makes the model champion if it wins.", "Compare, et promeut s'il gagne."),
    "promote_means": Text(
        "Model {model} is compared with {against} on the last 14 days. If it errs less beyond chance it becomes "
        "champion, and all forecasts of this series from the next quarter of an hour on are its own. Otherwise nothing "
        "changes. Forecasts that were issued stay; a rollback undoes it.",
        "Le modèle {model} est comparé à {against} sur les 14 derniers jours. S'il se trompe moins, au-delà du hasard, "
        "il devient champion, et toutes les prévisions de cette série sont les siennes dès le prochain quart d'heure. "
        "Sinon rien ne change. Les prévisions déjà émises restent ; un retour en arrière l'annule.",
    ),
    "promote_yes": Text("Compare and promote", "Comparer et promouvoir"),
    "roll_back": Text("Go back to the champion before", "Revenir au champion précédent"),
    "roll_back_means": Text(
        "Model {model} ceases to be champion at once, and who was before it forecasts this series from the next "
        "quarter of an hour on. Forecasts that were issued stay, and so does the model.",
        "Le modèle {model} cesse tout de suite d'être champion, et celui d'avant prévoit cette série dès le "
        "prochain quart d'heure. Les prévisions déjà émises restent, et le modèle aussi.",
    ),
    "roll_back_yes": Text("Go back", "Revenir en arrière"),
    "judgement": Text("Judgement", "Jugement"),
    "found": Text("What was found", "Ce qui a été trouvé"),
    "title_test": Text("no. {number}: test of model no. {model}", "n° {number} : test du modèle n° {model}"),
    "title_compare": Text(
        "no. {number}: comparison of model no. {model}", "n° {number} : comparaison du modèle n° {model}"
    ),
    "title_promote": Text(
        "no. {number}: promotion of model no. {model}", "n° {number} : promotion du modèle n° {model}"
    ),
    "wins": Text(
        "The challenger errs less, beyond chance (p = {p}).",
        "Le prétendant se trompe moins, au-delà du hasard (p = {p}).",
    ),
    "does_not_win": Text(
        "The challenger does not err less beyond chance (p = {p}).",
        "Le prétendant ne se trompe pas moins au-delà du hasard (p = {p}).",
    ),
    "was_promoted": Text("It was made champion.", "Il a été promu champion."),
    "was_not_promoted": Text("It was not made champion.", "Il n'a pas été promu."),
    "to_beat": Text("to beat", "à battre"),
    "is_what": Text("{name}: {what}", "{name} : {what}"),
    "judged_on": Text(
        "Forecast from many origins between {first} and {last}.",
        "Prévu depuis de nombreux départs entre {first} et {last}.",
    ),
}

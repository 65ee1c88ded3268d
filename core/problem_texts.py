"""What refusals say to people, in English and in French: one sentence for each stable key, with the values in it.

Whoever refuses takes the sentence from here: `raise ConflictError(say("last_administrator", farm=name))`. It is
ordinary English text for whoever only reads it, and bears its French twin for whoever answers in French.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from core.alert_texts import Language, Text


class Said(str):
    """An English sentence that knows what it is in French."""

    __slots__ = ("french",)

    french: str

    def __new__(cls, english: str, french: str) -> Self:
        """Make the sentence from both."""
        said = super().__new__(cls, english)
        said.french = french
        return said


TITLES: Final[Mapping[int, Text]] = {
    400: Text("Bad Request", "Requête incorrecte"),
    401: Text("Unauthorized", "Non identifié"),
    403: Text("Forbidden", "Interdit"),
    404: Text("Not Found", "Introuvable"),
    405: Text("Method Not Allowed", "Méthode non autorisée"),
    406: Text("Not Acceptable", "Format non disponible"),
    408: Text("Request Timeout", "Requête trop lente"),
    409: Text("Conflict", "Conflit"),
    410: Text("Gone", "Disparu"),
    412: Text("Precondition Failed", "Condition non remplie"),
    413: Text("Content Too Large", "Contenu trop volumineux"),
    414: Text("URI Too Long", "Adresse trop longue"),
    415: Text("Unsupported Media Type", "Type de contenu non pris en charge"),
    422: Text("Unprocessable Content", "Valeurs non valides"),
    425: Text("Too Early", "Trop tôt"),
    428: Text("Precondition Required", "Condition requise"),
    429: Text("Too Many Requests", "Trop de requêtes"),
    431: Text("Request Header Fields Too Large", "En-têtes trop volumineux"),
    500: Text("Internal Server Error", "Erreur interne"),
    501: Text("Not Implemented", "Non réalisé"),
    502: Text("Bad Gateway", "Passerelle défaillante"),
    503: Text("Service Unavailable", "Service indisponible"),
    504: Text("Gateway Timeout", "Délai de réponse dépassé"),
}
"""The meaning of a status."""

SENTENCES: Final[Mapping[str, Text]] = {
    "absent": Text("there is no {kind} {name!r}", "{kind} {name!r} : introuvable"),
    "not_served": Text("nothing is served here", "il n'y a rien à cette adresse"),
    "method_not_served": Text("this method is not served here", "cette méthode n'est pas prévue à cette adresse"),
    "unreadable_body": Text("the body can't be read", "le corps de la requête est illisible"),
    "not_utf_8": Text("the body is not UTF-8", "le corps de la requête n'est pas en UTF-8"),
    "coded_body": Text(
        "send the body as it is, without Content-Encoding",
        "envoyez le corps de la requête tel quel, sans Content-Encoding",
    ),
    "no_body_taken": Text("nothing is to be sent here", "rien n'est à envoyer ici"),
    "deep_body": Text("the body is nested too deeply", "le corps de la requête est imbriqué trop profondément"),
    "large_body": Text("a body has {most} bytes at most here", "le corps de la requête est limité ici à {most} octets"),
    "large_head": Text(
        "path, query and headers have {most} bytes at most together",
        "chemin, paramètres et en-têtes sont limités ensemble à {most} octets",
    ),
    "slow_body": Text(
        "the body did not arrive within {seconds:g} seconds",
        "le corps de la requête n'est pas arrivé en {seconds:g} secondes",
    ),
    "changed_at_once": Text(
        "somebody else changed the same at the same moment; nothing of this was done, try again",
        "quelqu'un d'autre a modifié la même chose au même moment ; rien n'a été fait, réessayez",
    ),
    "database_away": Text(
        "the database does not answer at the moment", "la base de données ne répond pas pour le moment"
    ),
    "internal": Text(
        "something went wrong on our side; the log tells more under the request id",
        "une erreur s'est produite de notre côté ; le journal en dit plus sous le numéro de requête",
    ),
    "none_acceptable": Text(
        "this list comes as {offers}, and none of them is accepted",
        "cette liste est disponible en {offers}, et aucun de ces formats n'est accepté",
    ),
    "unknown_parameter": Text("there is no such parameter here", "ce paramètre n'existe pas ici"),
    "repeated_parameter": Text("it is given more than once", "il est donné plusieurs fois"),
    "unknown_field": Text(
        "there is no {names} here; items have {fields}, each of which comes whole",
        "{names} : inconnu ici ; il y a {fields}, chacun en entier",
    ),
    "no_fields": Text("it names no field", "il ne nomme aucun champ"),
    "foreign_cursor": Text(
        "it is not the `next` of an answer to this request", "ce n'est pas le `next` d'une réponse à cette requête"
    ),
    "no_time_zone": Text(
        "there is no such time zone; write one such as Europe/Paris",
        "ce fuseau horaire n'existe pas ; écrivez par exemple Europe/Paris",
    ),
    "name_alike": Text(
        "the name {name!r} differs from {other!r}, which is taken, only by case or spaces",
        "le nom {name!r} ne diffère de {other!r}, déjà pris, que par la casse ou les espaces",
    ),
    "address_told": Text("{address} is told already", "{address} est déjà prévenu"),
    "name_taken": Text("the name {name!r} is taken already", "le nom {name!r} est déjà pris"),
    "group_had_animals": Text(
        "the group {name!r} can't be removed: animals are or were in it",
        "le lot {name!r} ne peut pas être supprimé : des animaux en font ou en ont fait partie",
    ),
    "group_has_forecasts": Text(
        "the group {name!r} can't be removed: it has forecasts",
        "le lot {name!r} ne peut pas être supprimé : il a des prévisions",
    ),
    "group_in_journal": Text(
        "the group {name!r} can't be removed: the journal tells of it",
        "le lot {name!r} ne peut pas être supprimé : le journal en parle",
    ),
    "animal_wore_collar": Text(
        "the animal {name!r} can't be removed: it wears or wore a collar",
        "l'animal {name!r} ne peut pas être supprimé : il porte ou a porté un collier",
    ),
    "animal_has_windows": Text(
        "the animal {name!r} can't be removed: there are measurements of it",
        "l'animal {name!r} ne peut pas être supprimé : il a des mesures",
    ),
    "animal_in_journal": Text(
        "the animal {name!r} can't be removed: the journal tells of it",
        "l'animal {name!r} ne peut pas être supprimé : le journal en parle",
    ),
    "collar_was_worn": Text(
        "the collar {name!r} can't be removed: an animal wears or wore it",
        "le collier {name!r} ne peut pas être supprimé : un animal le porte ou l'a porté",
    ),
    "collar_was_heard": Text(
        "the collar {name!r} can't be removed: it has sent readings or its status",
        "le collier {name!r} ne peut pas être supprimé : il a envoyé des mesures ou son état",
    ),
    "collars_of_animal": Text(
        "{name} wore {count} collars then: name the collars",
        "{name} portait alors {count} colliers : indiquez les colliers",
    ),
    "swap_ahead": Text(
        "collars that were exchanged were exchanged before now, not on {day}",
        "des colliers échangés l'ont été avant maintenant, pas le {day}",
    ),
    "device_taken": Text(
        "the device {name!r} is another collar's already", "l'appareil {name!r} est déjà celui d'un autre collier"
    ),
    "list_empty": Text("the list is empty", "la liste est vide"),
    "list_unreadable": Text("the list can't be read", "la liste est illisible"),
    "list_column_unknown": Text(
        "line {line}: no column is called {column!r}; there are name, group, collar and from",
        "ligne {line} : la colonne {column!r} n'existe pas ; il y a nom, lot, collier et depuis",
    ),
    "list_column_repeated": Text("line {line}: two columns say this", "ligne {line} : deux colonnes disent cela"),
    "list_name_missing": Text("line {line}: the animal has no name", "ligne {line} : l'animal n'a pas de nom"),
    "list_name_refused": Text(
        "line {line}: {name!r} can't be a name here", "ligne {line} : {name!r} ne peut pas être un nom ici"
    ),
    "list_date_refused": Text(
        "line {line}: {date!r} is not a date of the farm's wall clock such as 2025-12-31 14:30",
        "ligne {line} : {date!r} n'est pas une date à l'heure de l'exploitation, par exemple 31/12/2025 14:30",
    ),
    "list_too_wide": Text(
        "line {line}: it has more cells than the first line", "ligne {line} : plus de cellules que la première ligne"
    ),
    "list_says_two_things": Text(
        "line {line}: line {earlier} says something else from the same time on",
        "ligne {line} : la ligne {earlier} dit autre chose à partir du même moment",
    ),
    "posts_wait": Text(
        "messages that came before are still waiting to be read; send these again later",
        "des messages reçus auparavant attendent encore d'être lus ; renvoyez ceux-ci plus tard",
    ),
    "to_before_from": Text("it is before `from`", "cet instant précède `from`"),
    "span_backwards": Text("it must be after `start`", "cet instant doit suivre `start`"),
    "two_subjects": Text("name a group or an animal, not both", "indiquez un lot ou un animal, pas les deux"),
    "swap_pair": Text(
        "name two collars or two animals, each once", "indiquez deux colliers ou deux animaux, chacun une fois"
    ),
    "foreign_event": Text("it is not the id of an event", "ce n'est pas le numéro d'un événement"),
    "half_quiet": Text(
        "quiet hours have a beginning and an end, or neither",
        "les heures calmes ont un début et une fin, ou ni l'un ni l'autre",
    ),
    "empty_quiet": Text("it must differ from `quiet_from`", "cette heure doit différer de `quiet_from`"),
    "no_address": Text(
        "it is neither name@host nor a URL of http or https", "ce n'est ni nom@hôte ni une adresse http ou https"
    ),
    "number_for_instant": Text(
        "a number may be seconds or milliseconds; write RFC 3339, such as 2026-03-29T01:00:00Z",
        "un nombre peut être des secondes ou des millisecondes ; écrivez en RFC 3339, par exemple 2026-03-29T01:00:00Z",
    ),
    "who_are_you": Text("log in, or send an API key", "connectez-vous, ou envoyez une clé d'API"),
    "credentials_differ": Text(
        "the request shows two that are not the same, by several headers or by a header and a cookie; send one",
        "la requête présente deux identités différentes, par plusieurs en-têtes ou par un en-tête et un cookie ; "
        "n'en envoyez qu'une",
    ),
    "token_refused": Text(
        "the access token is not valid or has expired", "le jeton d'accès n'est pas valide ou a expiré"
    ),
    "refresh_refused": Text(
        "the refresh token is not valid any longer; log in again",
        "le jeton de renouvellement n'est plus valide ; reconnectez-vous",
    ),
    "key_refused": Text(
        "the API key is not valid, has expired or was revoked",
        "la clé d'API n'est pas valide, a expiré ou a été révoquée",
    ),
    "session_refused": Text("the session has ended; log in again", "la session est terminée ; reconnectez-vous"),
    "login_refused": Text("the name or the password is wrong", "le nom d'utilisateur ou le mot de passe est incorrect"),
    "password_refused": Text("the present password is wrong", "le mot de passe actuel est incorrect"),
    "invitation_refused": Text(
        "the code is not valid any longer; ask for another one", "le code n'est plus valide ; demandez-en un autre"
    ),
    "too_many_tries": Text(
        "too many tries; the next one counts in {seconds} seconds",
        "trop d'essais ; le prochain compte dans {seconds} secondes",
    ),
    "forged": Text(
        "a change asked for with a cookie needs the header X-Requested-With, from a page of this server",
        "une modification demandée avec un cookie exige l'en-tête X-Requested-With, depuis une page de ce serveur",
    ),
    "role_needed": Text("this needs the role {role} on the farm", "cela exige le rôle {role} sur l'exploitation"),
    "scope_needed": Text("the API key lacks the scope {scope}", "la clé d'API n'a pas la portée {scope}"),
    "platform_needed": Text(
        "this is for platform administrators", "c'est réservé aux administrateurs de la plateforme"
    ),
    "person_needed": Text("this is for people, not for API keys", "c'est réservé aux personnes, pas aux clés d'API"),
    "answers_to_others": Text(
        "this person belongs to farms that you do not administer; ask a platform administrator",
        "cette personne appartient à des exploitations que vous n'administrez pas ; "
        "adressez-vous à un administrateur de la plateforme",
    ),
    "user_known": Text("there is already a user {name!r}", "il y a déjà un utilisateur {name!r}"),
    "member_known": Text("{name!r} belongs to the farm already", "{name!r} appartient déjà à l'exploitation"),
    "key_known": Text("the farm has a key {name!r} already", "l'exploitation a déjà une clé {name!r}"),
    "export_under_way": Text(
        "the farm is being exported already; wait until that has ended",
        "l'exploitation est déjà en cours d'exportation ; attendez que ce soit terminé",
    ),
    "name_to_confirm": Text(
        "it must be the name of the farm, which is deleted for ever",
        "ce doit être le nom de l'exploitation, qui est supprimée pour toujours",
    ),
    "last_administrator": Text(
        "the farm needs another administrator first", "l'exploitation a d'abord besoin d'un autre administrateur"
    ),
    "last_platform_administrator": Text(
        "there must be another platform administrator first", "il faut d'abord un autre administrateur de la plateforme"
    ),
    "not_ready": Text("not as it should be: {checks}", "à vérifier : {checks}"),
    "metrics_here_only": Text(
        "without ANIMOV_METRICS_TOKEN only the server's own machine may read this",
        "sans ANIMOV_METRICS_TOKEN, seule la machine du serveur peut lire ceci",
    ),
    "metrics_token_refused": Text(
        "show the token that ANIMOV_METRICS_TOKEN sets", "présentez le jeton que ANIMOV_METRICS_TOKEN définit"
    ),
    "private_webhook": Text(
        "{host} is no address of the public internet; whoever runs the node may allow it (ANIMOV_WEBHOOK_NETWORKS)",
        "{host} n'est pas une adresse de l'internet public ; l'exploitant du nœud peut l'autoriser"
        " (ANIMOV_WEBHOOK_NETWORKS)",
    ),
    "not_readable": Text(
        "a name is made of what can be shown, without a space at an end",
        "un nom se compose de ce qui peut être affiché, sans espace au début ni à la fin",
    ),
    "no_day": Text("write a day as 2026-03-29", "écrivez un jour comme 2026-03-29"),
    "past_instant": Text("this is over already", "c'est déjà passé"),
    "send_one_of": Text("send {kinds}", "envoyez {kinds}"),
    "no_json": Text("it is not valid JSON", "ce n'est pas du JSON valide"),
    "name_refused": Text(
        "{name!r} can't be the name of {kind}: 1 to 100 characters that can be shown, without a space at an end",
        "{name!r} ne peut pas être le nom de {kind} : 1 à 100 caractères affichables, sans espace au début ni à la fin",
    ),
    "weather_too_long": Text(
        "an answer has {days} days of hours at most", "une réponse contient les heures de {days} jours au plus"
    ),
    "alert_judged": Text("alert {alert} is {state} already", "l'alerte {alert} est déjà {state}"),
    "alert_unjudged": Text("nobody has judged alert {alert}", "personne n'a jugé l'alerte {alert}"),
    "not_champion": Text(
        "model {model} is not champion, so there is nothing to roll back",
        "le modèle {model} n'est pas champion, il n'y a donc rien à rétablir",
    ),
    "no_champion_before": Text(
        "there was no other champion before this one", "il n'y a pas eu d'autre champion avant celui-ci"
    ),
    "compared_with_itself": Text(
        "model {model} would be compared with itself; a test judges it alone",
        "le modèle {model} serait comparé à lui-même ; un test le juge seul",
    ),
    "compared_across": Text(
        "models {model} and {against} are of different series and can't be compared",
        "les modèles {model} et {against} sont de séries différentes et ne peuvent pas être comparés",
    ),
    "training_begun": Text(
        "training {training} can't be started: it has begun or ended already ({state})",
        "l'entraînement {training} ne peut pas être lancé : il a déjà commencé ou est terminé ({state})",
    ),
    "training_ended": Text(
        "training {training} can't be cancelled: it has ended already ({state})",
        "l'entraînement {training} ne peut pas être annulé : il est déjà terminé ({state})",
    ),
    "group_or_file": Text(
        "a training is of a group or of a file", "un entraînement porte sur un lot ou sur un fichier, pas les deux"
    ),
    "regressors_unknown": Text("there is no {names}; there are {known}", "{names} : inconnu ; il y a {known}"),
    "orders_whole": Text(
        "orders and harmonics are whole and not negative", "les ordres et harmoniques sont entiers et non négatifs"
    ),
    "orders_no_season": Text(
        "seasonal orders need a season of at least 2 steps: its last number",
        "des ordres saisonniers exigent une saison d'au moins 2 pas : le dernier nombre",
    ),
    "orders_below_season": Text(
        "orders are below the season, {season} steps, where there are seasonal ones of the same kind",
        "les ordres sont inférieurs à la saison, {season} pas, là où il y en a de saisonniers de même nature",
    ),
    "orders_states": Text(
        "a state space has up to {most} states, not {states}",
        "un espace d'états a au plus {most} états, et non {states}",
    ),
    "orders_week": Text(
        "a week has up to 6 harmonics; its 7th is the first of the day",
        "une semaine a au plus 6 harmoniques ; la 7e est la première du jour",
    ),
    "orders_short_for_week": Text(
        "harmonics of the week need a history of 14 days: `history_days`",
        "des harmoniques de la semaine exigent un historique de 14 jours : `history_days`",
    ),
    "orders_short": Text("the history is at least a day", "l'historique est d'au moins un jour"),
    "orders_regressor_twice": Text("a regressor is named once", "un régresseur est nommé une seule fois"),
    "csv_or_rows": Text("give `csv` or `rows`, one of them", "donnez `csv` ou `rows`, l'un des deux"),
    "future_missing": Text(
        "say what is known ahead of the column {name!r}: {name}=known (its values in later rows were known in"
        " advance), {name}=last, {name}=day or {name}=NUMBER",
        "dites ce qui est connu à l'avance de la colonne {name!r} : {name}=known (ses valeurs des lignes suivantes "
        "étaient connues d'avance), {name}=last, {name}=day ou {name}=NOMBRE",
    ),
    "future_of_nothing": Text(
        "there is a rule for {name!r}, which `regressors` does not name",
        "il y a une règle pour {name!r}, que `regressors` ne nomme pas",
    ),
    "event_twice": Text(
        "the same is said already at {at}: choose another time, or remove the one that is there",
        "c'est déjà indiqué à {at} : choisissez une autre heure, ou retirez l'horaire existant",
    ),
    "future_twice": Text("there are two rules for {name!r}", "il y a deux règles pour {name!r}"),
    "table_empty": Text("the table is empty", "le tableau est vide"),
    "table_undecodable": Text(
        "byte {byte} of the file ({value}) is not {encoding}; save the table as 'CSV UTF-8'",
        "l'octet {byte} du fichier ({value}) n'est pas de l'{encoding} ; enregistrez en « CSV UTF-8 »",
    ),
    "table_unreadable": Text("{why}", "ce n'est pas du CSV : {why}"),
    "table_width": Text("there are {cells} cells, the header has {width}", "{cells} cellules, {width} dans l'en-tête"),
    "table_unnamed": Text("column {number} has no name", "la colonne {number} n'a pas de nom"),
    "table_column_twice": Text("there are two columns of this name", "il y a deux colonnes de ce nom"),
    "table_no_column": Text(
        "there is no column {column!r}; the columns are {columns}",
        "il n'y a pas de colonne {column!r} ; les colonnes sont {columns}",
    ),
    "cell_no_number": Text("{cell} is not a number", "{cell} n'est pas un nombre"),
    "cell_no_date": Text("{cell} is not a date", "{cell} n'est pas une date"),
    "cell_not_later": Text(
        "{cell} is not later than the row before", "{cell} n'est pas postérieur à la ligne précédente"
    ),
    "cell_has_percent": Text(
        "{cell} has a percent sign, the values before it have none",
        "{cell} a un signe %, les valeurs précédentes n'en ont pas",
    ),
    "cell_lacks_percent": Text(
        "{cell} has no percent sign, the values before it have one",
        "{cell} n'a pas de signe %, les valeurs précédentes en ont un",
    ),
    "cell_out_of_range": Text("{value} is not between 0 and {most}", "{value} n'est pas entre 0 et {most}"),
    "cell_is_percent": Text(
        "{value} is not between 0 and {most}; if these are percent, say so with --unit percent, or `unit`",
        "{value} n'est pas entre 0 et {most} ; s'il s'agit de pourcentages, dites-le par --unit percent, ou `unit`",
    ),
    "date_unknown_form": Text(
        "{text} is not a date such as 2025-12-31 14:30 or 31/12/2025 14:30",
        "{text} n'est pas une date, par exemple 2025-12-31 14:30 ou 31/12/2025 14:30",
    ),
    "date_impossible": Text("{text} is not a date: {why}", "{text} n'est pas une date possible ({why})"),
    "date_days_first": Text(
        "{text} is not a date: {why}; days come before months",
        "{text} n'est pas une date possible ({why}) ; le jour vient avant le mois",
    ),
    "date_skipped": Text(
        "{date} does not exist in {zone}: clocks went forward over it",
        "{date} n'existe pas en {zone} : c'est l'heure sautée du passage à l'heure d'été",
    ),
    "date_too_far": Text("{date} is too far away", "{date} est trop éloigné"),
    "not_of_kind": Text("it is not {kind}", "ce n'est pas {kind}"),
}
"""What is told of one refusal; values stand in braces, as `str.format` takes them."""

KINDS: Final[Mapping[str, str]] = {
    "quarter of an hour that begins at": "quart d'heure qui commence à",
    "account": "compte",
    "address among those who are told": "adresse parmi les destinataires",
    "alert": "alerte",
    "animal": "animal",
    "animal_group": "lot",
    "assignment": "port de collier",
    "change of a model": "changement de modèle",
    "collar": "collier",
    "device": "appareil",
    "deletion": "suppression",
    "farm": "exploitation",
    "file of this training": "fichier de cet entraînement",
    "forecast of": "prévision de",
    "weather forecast of": "prévision météo de",
    "group": "lot",
    "journal entry": "entrée du journal",
    "key": "clé",
    "membership": "appartenance à un lot",
    "model": "modèle",
    "rejected message": "message rejeté",
    "session": "session",
    "time zone": "fuseau horaire",
    "training": "entraînement",
    "user": "utilisateur",
}
"""French names of what may be absent."""

NAMED: Final[Mapping[str, str]] = {
    "a collar": "un collier",
    "a farm (letters, digits, _ and - only)": "une exploitation (lettres, chiffres, _ et - seulement)",
    "a group": "un lot",
    "a key": "une clé",
    "a user": "un utilisateur",
    "an animal": "un animal",
    "the series of a file (letters, digits, _ and - only)": "la série d'un fichier"
    " (lettres, chiffres, _ et - seulement)",
}
"""French names of what a name was refused to."""

WORDS: Final[Mapping[str, str]] = {
    "administrator": "administrateur",
    "manager": "gestionnaire",
    "viewer": "lecteur",
    "open": "ouverte",
    "seen": "vue",
    "confirmed": "confirmée",
    "dismissed": "écartée",
    "closed": "close",
    "waiting": "en attente",
    "running": "en cours",
    "done": "terminé",
    "failed": "échoué",
    "cancelled": "annulé",
}
"""French names of roles and states where a sentence has them as `role` or `state`."""

PATTERNS: Final[Mapping[str, Text]] = {
    "^([01][0-9]|2[0-3]):[0-5][0-9]$": Text("write an hour such as 08:30", "écrivez une heure, par exemple 08:30"),
    "^[A-Za-z0-9_-]{1,64}$": Text(
        "1 to 64 letters, digits, _ and - are wanted", "1 à 64 lettres sans accent, chiffres, _ ou - sont attendus"
    ),
    "^[0-9a-f]{64}$": Text("64 hexadecimal digits are wanted", "64 chiffres hexadécimaux sont attendus"),
    r"^[a-z]{1,20}\.(csv|png)$": Text(
        "the name of a file such as forecast.csv is wanted", "un nom de fichier comme forecast.csv est attendu"
    ),
    r"^[^\x00-\x1f]*$": Text("control characters are not allowed", "les caractères de contrôle ne sont pas admis"),
    r"^[^\x00]*$": Text("the character NUL is not allowed", "le caractère NUL n'est pas admis"),
    r"^[^\x00]+$": Text("a text without the character NUL is wanted", "un texte sans le caractère NUL est attendu"),
    r"^[^\x00]*[^\x00\s][^\x00]*$": Text("write some words", "écrivez quelques mots"),
    r"^[^=\x00-\x20][^=\x00-\x1f]{0,99}=(known|last|day|-?[0-9]{1,12}([.][0-9]{1,12})?)$": Text(
        "write COLUMN=known, COLUMN=last, COLUMN=day or COLUMN=NUMBER",
        "écrivez COLONNE=known, COLONNE=last, COLONNE=day ou COLONNE=NOMBRE",
    ),
    r"^[A-Za-z0-9_.-]+$": Text("letters, digits, _, . and - are wanted", "lettres, chiffres, _, . ou - sont attendus"),
    r"^[A-Za-z0-9_-]+$": Text("letters, digits, _ and - are wanted", "lettres, chiffres, _ ou - sont attendus"),
    "^animov/v1/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}/(samples|posture|status)$": Text(
        "a topic such as animov/v1/FARM/COLLAR/samples is wanted",
        "un sujet comme animov/v1/EXPLOITATION/COLLIER/samples est attendu",
    ),
    r"^((tts|senml):[!-~]{1,190}|chirpstack:[0-9A-Fa-f]{16})$": Text(
        "a device such as chirpstack:0011223344AABBCC is wanted",
        "un appareil comme chirpstack:0011223344AABBCC est attendu",
    ),
}
"""What a text is to be where it must match a pattern: nobody reads those."""

VALUES: Final[Mapping[str, str]] = {
    "missing": "valeur obligatoire",
    "extra_forbidden": "ce membre n'existe pas ici",
    "json_invalid": "ce n'est pas du JSON valide",
    "json_type": "ce n'est pas du JSON",
    "model_type": "un objet est attendu",
    "model_attributes_type": "un objet est attendu",
    "dict_type": "un objet est attendu",
    "list_type": "une liste est attendue",
    "string_type": "un texte est attendu",
    "string_too_short": "au moins {min_length} caractère(s)",
    "string_too_long": "au plus {max_length} caractère(s)",
    "string_pattern_mismatch": "le texte doit correspondre à {pattern}",
    "too_short": "au moins {min_length} élément(s)",
    "too_long": "au plus {max_length} élément(s)",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_parsing_size": "nombre trop grand",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre fini est attendu",
    "bool_type": "vrai ou faux est attendu",
    "bool_parsing": "vrai ou faux est attendu",
    "greater_than": "doit être supérieur à {gt}",
    "greater_than_equal": "doit être supérieur ou égal à {ge}",
    "less_than": "doit être inférieur à {lt}",
    "less_than_equal": "doit être inférieur ou égal à {le}",
    "multiple_of": "doit être un multiple de {multiple_of}",
    "enum": "valeurs possibles : {expected}",
    "literal_error": "valeurs possibles : {expected}",
    "datetime_type": "une date et heure en RFC 3339 est attendue",
    "datetime_parsing": "une date et heure en RFC 3339 est attendue, par exemple 2026-03-29T01:00:00Z",
    "datetime_from_date_parsing": "une date et heure en RFC 3339 est attendue, par exemple 2026-03-29T01:00:00Z",
    "datetime_object_invalid": "date et heure impossibles",
    "timezone_aware": "il manque le décalage horaire, par exemple Z ou +02:00",
    "date_type": "une date est attendue, par exemple 2026-03-29",
    "date_parsing": "une date est attendue, par exemple 2026-03-29",
    "date_from_datetime_parsing": "une date est attendue, par exemple 2026-03-29",
    "time_parsing": "une heure est attendue, par exemple 06:30",
    "uuid_parsing": "un UUID est attendu",
    "string_unicode": "le texte n'est pas de l'Unicode valide",
    "bytes_type": "des octets sont attendus",
}
"""What a validation says of one value, by the validation's own stable names; `OTHER_VALUE` where none is here."""

OTHER_VALUE: Final = "valeur non valide"

_TURNED: Final = ("role", "state")
"""Values that are words of our own: members of `WORDS`."""


def say(key: str, **values: Any) -> Said:
    """Return the sentence of a key, in both languages."""
    text = SENTENCES[key]
    french = {name: WORDS.get(value, value) if name in _TURNED else value for name, value in values.items()}
    return Said(text.en.format(**values), text.fr.format(**french))


def say_absent(kind: str, name: object) -> Said:
    """Return the sentence that something asked for by name does not exist."""
    text = SENTENCES["absent"]
    french = text.fr.format(kind=KINDS.get(kind, kind), name=str(name))
    return Said(text.en.format(kind=kind, name=str(name)), french)


def say_name_refused(kind: str, name: str) -> Said:
    """Return the sentence that something can't be called so; `kind` with its article."""
    text, shown = SENTENCES["name_refused"], name[:60]
    return Said(text.en.format(kind=kind, name=shown), text.fr.format(kind=NAMED.get(kind, kind), name=shown))


def say_of_value(kind: str, english: str, values: Mapping[str, Any]) -> Said:
    """Return what a validation says of a value, in both languages: `english` as it came, unless that is a pattern."""
    if kind == "string_pattern_mismatch" and (wanted := PATTERNS.get(values["pattern"])):
        return Said(wanted.en, wanted.fr)
    if "expected" in values:
        values = {**values, "expected": str(values["expected"]).replace("' or '", "' ou '")}
    return Said(english, VALUES.get(kind, OTHER_VALUE).format(**values))


def said_of(error: Exception) -> str:
    """Return what an error says: with its French twin, where it has one."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Said) else str(error)


def in_language(sentence: str, language: Language) -> str:
    """Return a sentence in a language; in English if it knows no other."""
    return sentence.french if language == "fr" and isinstance(sentence, Said) else str(sentence)


def speaks(sentence: str, language: Language) -> bool:
    """Tell whether a sentence is to be had in a language."""
    return language == "en" or isinstance(sentence, Said)

"""Texts of the pages below 'Réglages'."""

from collections.abc import Mapping
from typing import Final

from core.alert_texts import Text

TEXTS: Final[Mapping[str, Text]] = {
    # what all of them say
    "store": Text("Save", "Enregistrer"),
    "stored": Text("Saved.", "Enregistré."),
    "add": Text("Add", "Ajouter"),
    "remove": Text("Remove", "Retirer"),
    "removed": Text("{name} is removed.", "{name} : retiré."),
    "rename": Text("Rename", "Renommer"),
    "renamed": Text("From now on: {name}.", "Nouveau nom : {name}."),
    "confirm": Text("Confirm", "Confirmer"),
    "look_again": Text("Look again", "Actualiser"),
    "administrator_needed": Text(
        "You may look, but not change: that takes an administrator of the farm.",
        "Vous pouvez regarder mais pas modifier : il faut être administrateur de l'exploitation.",
    ),
    "fault_line": Text("- {fault}", "- {fault}"),
    "strong": Text("**{text}**", "**{text}**"),
    "herd_group": Text("Group", "Lot"),
    "herd_animal": Text("Animal", "Animal"),
    "herd_collar": Text("Collar", "Collier"),
    "heard": Text("Heard", "Entendu"),
    "no_group": Text("no group", "aucun lot"),
    "whole_farm": Text("the whole farm", "toute l'exploitation"),
    # instants
    "moment": Text("{at:%d %b %H:%M}", "{at:%d/%m %H:%M}"),
    "age_seconds": Text("{count} s ago", "il y a {count} s"),
    "age_minutes": Text("{count} min ago", "il y a {count} min"),
    "age_hours": Text("{count} h ago", "il y a {count} h"),
    "age_days": Text("{count} days ago", "il y a {count} jours"),
    "since_when": Text("Since when?", "Depuis quand ?"),
    "since_first": Text("since it speaks ({at})", "depuis qu'il parle ({at})"),
    "since_now": Text("from now on", "à partir de maintenant"),
    "since_other": Text("another time", "autre date"),
    "from_when": Text("Date and hour", "Date et heure"),
    # the farm
    "farm_page": Text("Farm", "Exploitation"),
    "farm_name_told": Text(
        "Its short name is {name}: collars send to animov/v1/{name}/COLLAR/...",
        "Son nom court est {name} : les colliers envoient à animov/v1/{name}/COLLIER/...",
    ),
    "farm_title": Text("What people call the farm", "Nom de l'exploitation"),
    "time_zone": Text("Time zone (type a city)", "Fuseau horaire (tapez une ville)"),
    "time_zone_help": Text(
        "Days, milking times and all hours shown follow it.",
        "Les jours, les heures de traite et toutes les heures affichées le suivent.",
    ),
    "position_help": Text(
        "Where the farm is, for sun and weather. Copy it from a map on your phone: both numbers may go into the first"
        " field.",
        "Où se trouve l'exploitation, pour le soleil et la météo. Copiez-la d'une carte sur votre téléphone : les deux"
        " nombres peuvent aller dans le premier champ.",
    ),
    "latitude": Text("Latitude (north positive)", "Latitude (nord positif)"),
    "longitude": Text("Longitude (east positive)", "Longitude (est positif)"),
    "latitude_example": Text("46.32", "46,32"),
    "longitude_example": Text("-0.46", "-0,46"),
    "latitude_wrong": Text(
        "A latitude is a number from -90 to 90, such as 46.32.", "Une latitude est un nombre de -90 à 90, comme 46,32."
    ),
    "longitude_wrong": Text(
        "A longitude is a number from -180 to 180, such as -0.46.",
        "Une longitude est un nombre de -180 à 180, comme -0,46.",
    ),
    "species": Text("Animals", "Animaux"),
    "species_goat": Text("goats", "chèvres"),
    "species_cattle": Text("cattle", "bovins"),
    "messages_language": Text("Language of alerts and mails", "Langue des alertes et des courriels"),
    # groups
    "groups_page": Text("Groups", "Lots"),
    "groups_help": Text(
        "Animals that live together: AniMOV watches and forecasts each group.",
        "Des animaux qui vivent ensemble : AniMOV suit et prévoit chaque lot.",
    ),
    "groups_none": Text("No group yet: add the first one.", "Encore aucun lot : ajoutez le premier."),
    "group_new": Text("New group", "Nouveau lot"),
    "group_example": Text("milkers", "laitières"),
    "group_add": Text("Add the group", "Ajouter le lot"),
    "group_added": Text("Group {name} is there.", "Lot {name} ajouté."),
    "group_line": Text("{name} (animals: {count})", "{name} (animaux : {count})"),
    "group_name": Text("Name", "Nom"),
    "group_remove_help": Text(
        "Only a group of which nothing is known yet.", "Seulement un lot dont rien n'est encore connu."
    ),
    # the herd's list
    "herd_list_page": Text("Herd list", "Liste du troupeau"),
    "herd_list_help": Text(
        "Copy the lines from a spreadsheet, headings included, or choose a file. Columns: name (needed), group, collar,"
        " from. Nothing changes before you have seen what would. Whoever has no list goes on: animals can also be named"
        " when they get their collars.",
        "Copiez les lignes d'un tableur, titres compris, ou choisissez un fichier. Colonnes : nom (obligatoire), lot,"
        " collier, depuis. Rien ne change avant que vous ayez vu ce qui changerait. Sans liste, continuez : les animaux"
        " peuvent aussi recevoir leur nom avec leur collier.",
    ),
    "herd_list_example": Text("An example", "Un exemple"),
    "herd_list_paste": Text("Paste the list", "Collez la liste"),
    "herd_list_file": Text("or choose a file", "ou choisissez un fichier"),
    "herd_list_look": Text("See what it changes", "Voir ce qui changerait"),
    "herd_list_refused": Text(
        "Nothing was changed. These lines are to be mended first:",
        "Rien n'a été modifié. Ces lignes sont d'abord à corriger :",
    ),
    "herd_list_nothing": Text(
        "The list is right, and its {lines} lines say nothing new.",
        "La liste est correcte, et ses {lines} lignes ne disent rien de nouveau.",
    ),
    "herd_list_unchanged": Text(
        "{count} of {lines} lines say what is known already.",
        "{count} lignes sur {lines} disent ce qui est déjà connu.",
    ),
    "herd_list_apply": Text("Apply ({count})", "Appliquer ({count})"),
    "herd_list_applied": Text("Done. Lines taken over: {count}.", "C'est fait. Lignes reprises : {count}."),
    "line": Text("Line", "Ligne"),
    "changes": Text("What changes", "Ce qui change"),
    "herd_made_animal": Text("new animal", "nouvel animal"),
    "herd_made_group": Text("new group", "nouveau lot"),
    "herd_made_collar": Text("new collar", "nouveau collier"),
    "herd_assigned": Text("wears {collar} {at}", "porte {collar} {at}"),
    "herd_moved": Text("is in {group} {at}", "est dans {group} {at}"),
    "since_ever": Text("since ever, as no date is given", "depuis toujours, faute de date"),
    "since_then": Text("since {at}", "depuis {at}"),
    # new collars
    "collars_page": Text("New collars", "Nouveaux colliers"),
    "collars_help": Text(
        "Switch the collars on: each one shows up here as soon as it has spoken. For each, choose the animal and"
        " confirm. Whatever it has sent from that time on is the animal's, also what came before now.",
        "Allumez les colliers : chacun apparaît ici dès qu'il a parlé. Pour chacun, choisissez l'animal et confirmez."
        " Tout ce qu'il a envoyé à partir de cette date est à l'animal, y compris ce qui est arrivé avant maintenant.",
    ),
    "mount": Text("Where does it sit?", "Où se porte-t-il ?"),
    "mount_help": Text(
        "Standing and lying can't be told without it. The next collar is taken for one of the same kind. What it sent"
        " before is read again within half an hour, as far as it is kept.",
        "Sans cela, debout et couché ne se distinguent pas. Le collier suivant est supposé du même modèle. Ce qu'il a"
        " envoyé avant est relu dans la demi-heure, tant que c'est conservé.",
    ),
    "mount_then": Text(
        "Holds for all that it ever sent: that is read again within half an hour, as far as it is kept.",
        "Vaut pour tout ce qu'il a envoyé : c'est relu dans la demi-heure, tant que c'est conservé.",
    ),
    "mount_said": Text("{collar} sits there: {mount}.", "{collar} se porte là : {mount}."),
    "mount_leg": Text("leg", "patte"),
    "mount_collar": Text("neck", "cou"),
    "mount_ear": Text("ear", "oreille"),
    "mount_first": Text("Say where it sits, then confirm.", "Dites où il se porte, puis confirmez."),
    "collars_none": Text(
        "No collar is waiting. Whoever speaks and belongs to no animal shows up here by itself.",
        "Aucun collier en attente. Celui qui parle sans être à un animal apparaît ici de lui-même.",
    ),
    "collars_waiting": Text(
        "**Collars that wait for an animal: {count}.**", "**Colliers en attente d'un animal : {count}.**"
    ),
    "collars_never_heard": Text("Made, and never heard: {names}.", "Créés mais jamais entendus : {names}."),
    "collar_line": Text("**{name}** · {told}", "**{name}** · {told}"),
    "collar_heard": Text("heard {age}", "entendu {age}"),
    "collar_since": Text("speaks since {at}", "parle depuis {at}"),
    "collar_recent": Text("{minutes} min of data in the last hour", "{minutes} min de données dans l'heure"),
    "collar_battery": Text("battery {volts:.2f} V", "batterie {volts:.2f} V"),
    "collar_animal": Text("Animal of {collar}", "Animal de {collar}"),
    "collar_animal_example": Text("Type its name", "Tapez son nom"),
    "wears_one": Text("wears one", "en porte un"),
    "animal_is_new": Text("{animal} is new.", "{animal} est nouveau."),
    "known_names": Text("{what}: those that are known", "{what} : ceux qui sont connus"),
    "known_choose": Text("or choose among the {count} known", "ou choisir parmi les {count} connus"),
    "collar_group": Text("Group", "Lot"),
    "collar_group_example": Text("Type its name", "Tapez son nom"),
    "collar_then": Text(
        "What {collar} has sent since {at} is {animal}'s.", "Ce que {collar} a envoyé depuis le {at} est à {animal}."
    ),
    "collar_instead": Text(
        "{animal} wears a collar already: it comes off at that time.",
        "{animal} porte déjà un collier : il lui est retiré à cette date.",
    ),
    "collar_confirm": Text("{collar} is on {animal}", "{collar} est sur {animal}"),
    "collar_assigned": Text("{collar} is on {animal}.", "{collar} est sur {animal}."),
    "collars_silent_help": Text("A collar does not show up", "Un collier n'apparaît pas"),
    "collars_silent": Text(
        "It must send to `animov/v1/{farm}/ITS-NAME/samples`, on the MQTT port of the machine that runs AniMOV."
        " From another machine it needs a user name and a password of its own, which are made here. Collars of a"
        " LoRaWAN server show up below by themselves.",
        "Il doit envoyer à `animov/v1/{farm}/SON-NOM/samples`, sur le port MQTT de la machine qui fait tourner AniMOV."
        " Depuis une autre machine, il lui faut un nom d'utilisateur et un mot de passe à lui, créés ici. Les colliers"
        " d'un serveur LoRaWAN apparaissent plus bas d'eux-mêmes.",
    ),
    "credentials_name": Text("Name of the collar", "Nom du collier"),
    "credentials_example": Text("c-012", "c-012"),
    "credentials_make": Text("Make a password", "Créer un mot de passe"),
    "credentials_once": Text(
        "User name and password, shown this once; a password of before lets it in no longer.",
        "Nom d'utilisateur et mot de passe, affichés cette seule fois ; un mot de passe d'avant ne vaut plus.",
    ),
    "devices": Text("Devices of a LoRaWAN server", "Appareils d'un serveur LoRaWAN"),
    "devices_help": Text(
        "They speak and are no collar yet. What they have sent is kept and read once they are.",
        "Ils parlent et ne sont pas encore des colliers. Ce qu'ils ont envoyé est gardé, et lu dès qu'ils le sont.",
    ),
    "device_line": Text("**{device}** · {count} messages, last {at}", "**{device}** · {count} messages, dernier {at}"),
    "device_name": Text("Name of the collar", "Nom du collier"),
    "device_make": Text("Make it a collar", "En faire un collier"),
    "device_made": Text(
        "{name} is a collar; {count} messages are being read.", "{name} est un collier ; {count} messages sont relus."
    ),
    # animals
    "animals_page": Text("Animals", "Animaux"),
    "animals_none": Text("No animal yet.", "Encore aucun animal."),
    "animal_choose": Text("Choose an animal", "Choisir un animal"),
    "animal_name": Text("Name of the animal", "Nom de l'animal"),
    "animal_example": Text("Blanchette", "Blanchette"),
    "animal_add": Text("Add an animal", "Ajouter un animal"),
    "animal_added": Text("{name} is there.", "{name} : ajouté."),
    "animal_remove_help": Text(
        "Only an animal that never wore a collar.", "Seulement un animal qui n'a jamais porté de collier."
    ),
    "what_happened": Text("What happened?", "Que s'est-il passé ?"),
    "deed_move": Text("other group", "changement de lot"),
    "deed_give_back": Text("collar off", "collier retiré"),
    "deed_swap": Text("collars exchanged", "colliers échangés"),
    "deed_mount": Text("place of the collar", "place du collier"),
    "deed_rename": Text("name", "nom"),
    "move_to": Text("New group", "Nouveau lot"),
    "move_then": Text(
        "From {at} on {animal} counts in {group}, no longer in {before}; the curves of both follow.",
        "À partir du {at}, {animal} compte dans {group} et non plus dans {before} ; les courbes des deux suivent.",
    ),
    "moved": Text("{animal}: from {before} to {group}.", "{animal} : de {before} à {group}."),
    "wears_none": Text("{animal} wears no collar.", "{animal} ne porte pas de collier."),
    "back_then": Text(
        "From {at} on what {collar} sends is no longer {animal}'s; what it sent before stays. The collar then waits"
        " under New collars.",
        "À partir du {at}, ce que {collar} envoie n'est plus à {animal} ; ce qui précède reste. Le collier attend"
        " ensuite dans Nouveaux colliers.",
    ),
    "given_back": Text("{animal} no longer wears {collar}.", "{animal} ne porte plus {collar}."),
    "swap_with": Text("Exchanged with", "Échangé avec"),
    "swap_then": Text(
        "From {at} on {one} and {other} have each other's collar: their curves are exchanged from then on, before it"
        " nothing changes.",
        "À partir du {at}, {one} et {other} ont le collier l'un de l'autre : leurs courbes sont échangées depuis cette"
        " date, avant rien ne change.",
    ),
    "swapped": Text("{one} and {other}: collars exchanged.", "{one} et {other} : colliers échangés."),
    "swap_proposed": Text(
        "{one} and {other} have lived as the other did since {at}: did they exchange collars?",
        "{one} et {other} vivent comme l'autre depuis le {at} : ont-ils échangé leurs colliers ?",
    ),
    "swap_confirm": Text("Yes, exchanged", "Oui, échangés"),
    # hours
    "hours_page": Text("Milking and feeding", "Traite et alimentation"),
    "hours_help": Text(
        "What happens every day at the same hour ({zone}); forecasts reckon with it.",
        "Ce qui arrive chaque jour à la même heure ({zone}) ; les prévisions en tiennent compte.",
    ),
    "hours_none": Text("Nothing said yet.", "Rien d'indiqué pour l'instant."),
    "hours_line": Text("**{at}** {name}, {minutes:g} min", "**{at}** {name}, {minutes:g} min"),
    "hours_milking": Text("milking", "traite"),
    "hours_feeding": Text("feeding", "alimentation"),
    "hours_what": Text("What", "Quoi"),
    "hours_what_help": Text("Type what happens", "Tapez ce qui arrive"),
    "hours_at": Text("At", "À"),
    "hours_minutes": Text("Minutes", "Durée en minutes"),
    "hours_add": Text("Add the hour", "Ajouter l'horaire"),
    "hours_added": Text("{name} at {at}.", "{name} à {at}."),
    # the journal
    "journal_page": Text("Journal", "Journal"),
    "journal_help": Text(
        "What explains what is measured: kiddings, treatments, another ration.",
        "Ce qui explique les mesures : mises bas, traitements, changement de ration.",
    ),
    "journal_none": Text("Nothing written yet.", "Rien d'écrit pour l'instant."),
    "journal_kind": Text("Kind", "Nature"),
    "journal_kidding": Text("kidding", "mise bas"),
    "journal_treatment": Text("treatment", "traitement"),
    "journal_ration": Text("ration", "ration"),
    "journal_move": Text("move", "déplacement"),
    "journal_other": Text("other", "autre"),
    "journal_about": Text("About", "Concerne"),
    "about_animal": Text("Animal {name}", "Animal {name}"),
    "about_group": Text("Group {name}", "Lot {name}"),
    "journal_note": Text("Note", "Note"),
    "journal_store": Text("Write down", "Noter"),
    "journal_stored": Text("Written down.", "C'est noté."),
    "journal_removed": Text("The entry is removed.", "L'entrée est retirée."),
    "journal_line": Text("**{at} · {kind}** · {about}", "**{at} · {kind}** · {about}"),
    "journal_by": Text("by {author}", "par {author}"),
    # who is told
    "told_page": Text("Alerts", "Alertes"),
    "told_help": Text(
        "Who is told of alerts: a mail address, or the https address of a webhook.",
        "Qui est prévenu des alertes : une adresse de courriel, ou l'adresse https d'un webhook.",
    ),
    "told_none": Text("Nobody is told yet.", "Personne n'est encore prévenu."),
    "told_hidden": Text("Only managers see who is told.", "Seuls les gestionnaires voient qui est prévenu."),
    "told_new": Text("New address", "Nouvelle adresse"),
    "told_example": Text("marie@example.org", "marie@example.org"),
    "told_add": Text("Add the address", "Ajouter l'adresse"),
    "told_added": Text("{address} is told from now on.", "{address} est prévenu à partir de maintenant."),
    "told_secret": Text(
        "The secret by which the webhook knows AniMOV, shown this once:",
        "Le secret par lequel le webhook reconnaît AniMOV, affiché cette seule fois :",
    ),
    "told_failing": Text("The last message failed: {why}", "Le dernier message n'est pas passé : {why}"),
    "told_test": Text("Send a test", "Envoyer un essai"),
    "told_test_asked": Text(
        "A test message is on its way to {address}.", "Un message d'essai est en route vers {address}."
    ),
    "told_test_waits": Text("Test asked for {at}: no answer yet.", "Essai demandé le {at} : pas encore de réponse."),
    "told_test_failed": Text("Test of {at}: not taken. {why}", "Essai du {at} : refusé. {why}"),
    "told_test_taken": Text("Test of {at}: taken.", "Essai du {at} : accepté."),
    "quiet_hours": Text("Quiet hours", "Heures de silence"),
    "quiet_help": Text(
        "What comes meanwhile is sent afterwards. Hours of the farm ({zone}).",
        "Ce qui arrive entre-temps est envoyé après. Heures de l'exploitation ({zone}).",
    ),
    "quiet_on": Text("Leave us alone at night", "Nous laisser tranquilles la nuit"),
    "quiet_from": Text("From", "De"),
    "quiet_until": Text("Until", "À"),
    "critical_anytime": Text("But critical alerts at any hour", "Sauf alertes critiques, à toute heure"),
    "digest_on": Text("A summary every day", "Un résumé chaque jour"),
    "digest_at": Text("At", "À"),
    # people
    "people_page": Text("People", "Personnes"),
    "people_help": Text(
        "Who may do what on this farm; each one has a login of their own.",
        "Qui peut faire quoi sur cette exploitation ; chacun a son propre accès.",
    ),
    "people_hidden": Text(
        "Only administrators of the farm see and change its people.",
        "Seuls les administrateurs de l'exploitation voient et changent les personnes.",
    ),
    "person_line": Text("{name}: {role}", "{name} : {role}"),
    "person_name": Text("User name", "Nom d'utilisateur"),
    "person_example": Text("marie", "marie"),
    "person_add": Text("Invite", "Inviter"),
    "person_added": Text("{name} is one of the farm.", "{name} est de l'exploitation."),
    "person_invited": Text(
        "Pass this code on to {name}: with it they choose a password where this page asks to log in, until {at}."
        " It is shown until you have passed it on, and nobody can tell it again.",
        "Transmettez ce code à {name} : il permet de choisir un mot de passe, là où cette page demande de se"
        " connecter, jusqu'au {at}. Il reste affiché tant que"
        " vous ne l'avez pas transmis, et personne ne peut le redire.",
    ),
    "person_passed_on": Text("I have passed it on", "Je l'ai transmis"),
    "person_changed": Text("{name}: {role}.", "{name} : {role}."),
    "person_remove": Text("Take the access away", "Retirer l'accès"),
    "person_removed": Text("{name} has no access any longer.", "{name} n'a plus accès."),
    "person_reset": Text("New password code", "Nouveau code de mot de passe"),
    "person_reset_help": Text(
        "Voids the password and ends all logins of that person.",
        "Annule le mot de passe et met fin à toutes les connexions de la personne.",
    ),
    "person_reset_done": Text("The password of {name} counts no longer.", "Le mot de passe de {name} ne vaut plus."),
    "role": Text("Role", "Rôle"),
    "role_viewer": Text("viewer", "lecteur"),
    "role_manager": Text("manager", "gestionnaire"),
    "role_administrator": Text("administrator", "administrateur"),
    "role_viewer_may": Text("sees everything but people and keys", "voit tout, sauf les personnes et les clés"),
    "role_manager_may": Text(
        "changes the herd, the journal, alerts and models", "change le troupeau, le journal, les alertes, les modèles"
    ),
    "role_administrator_may": Text(
        "changes people, addresses and the farm too", "change aussi les personnes, les adresses et l'exploitation"
    ),
    "own_password": Text("My password", "Mon mot de passe"),
    "own_password_help": Text("All your other logins end with it.", "Toutes vos autres connexions prennent fin."),
    "password_present": Text("Present password", "Mot de passe actuel"),
    "password_new": Text("New password (8 characters or more)", "Nouveau mot de passe (8 caractères ou plus)"),
    "password_change": Text("Change the password", "Changer le mot de passe"),
    "password_changed": Text("The password is changed.", "Le mot de passe est changé."),
    "code_have": Text("I was given a code", "On m'a donné un code"),
    "code": Text("Code", "Code"),
    "password_choose": Text("Choose this password", "Choisir ce mot de passe"),
    "password_chosen": Text("The password is chosen: log in with it.", "Mot de passe choisi : connectez-vous."),
    # the first steps
    "first_steps_page": Text("First steps", "Premiers pas"),
    "first_steps_all": Text(
        "{done} of {count} steps done; leave and come back whenever you like.",
        "{done} étapes sur {count} faites ; partez et revenez quand vous voulez.",
    ),
    "step_mark": Text("{mark} {step}", "{mark} {step}"),
    "step_farm": Text("Farm", "Exploitation"),
    "step_groups": Text("Groups", "Lots"),
    "step_herd": Text("Herd list", "Liste du troupeau"),
    "step_collars": Text("Collars", "Colliers"),
    "step_hours": Text("Milking", "Traite"),
    "step_told": Text("Alerts", "Alertes"),
    "step_before": Text("← Back", "← Retour"),
    "step_after": Text("Next →", "Suivant →"),
    "step_later": Text("Later, go on →", "Plus tard, continuer →"),
    "first_steps_lack": Text("Still missing:", "Il manque encore :"),
    "step_farm_lacks": Text(
        "where the farm is: forecasts don't know sun and weather",
        "la position de l'exploitation : les prévisions ignorent le soleil et la météo",
    ),
    "step_groups_lacks": Text("a group: nothing is forecast without one", "un lot : sans lot, rien n'est prévu"),
    "step_herd_lacks": Text(
        "animals (a list, or a name with each collar)", "des animaux (une liste, ou un nom avec chaque collier)"
    ),
    "step_collars_lacks": Text(
        "a collar for each animal: nothing is known of the others",
        "un collier pour chaque animal : rien n'est connu des autres",
    ),
    "step_hours_lacks": Text(
        "milking or feeding times: forecasts are less sharp", "les heures de traite : les prévisions sont moins fines"
    ),
    "step_told_lacks": Text(
        "somebody who is told: alerts are on the page only",
        "quelqu'un à prévenir : les alertes ne sont que sur la page",
    ),
    "first_steps_done": Text(
        "Everything is in place. The first ratios are there within a quarter of an hour, the first forecasts within"
        " some days.",
        "Tout est en place. Les premières mesures arrivent dans le quart d'heure, les premières prévisions en quelques"
        " jours.",
    ),
    "farm_another": Text("Another farm", "Une autre exploitation"),
    "farm_make_help": Text(
        "A short name of letters, digits, - and _: it stands in the topics to which the farm's collars send, and is not"
        " changed later.",
        "Un nom court de lettres sans accent, chiffres, - et _ : il figure dans les sujets où les colliers envoient, et"
        " ne change plus.",
    ),
    "farm_make_name": Text("Short name of the farm", "Nom court de l'exploitation"),
    "farm_make_example": Text("barn", "ferme"),
    "farm_make": Text("Make the farm", "Créer l'exploitation"),
    "farm_made": Text("Farm {name} is there.", "Exploitation {name} créée."),
}

"""The pages below 'Réglages'."""

from typing import Final

from dashboards.console.pages import Page
from dashboards.console.settings import (
    animals,
    collars,
    farm,
    first_steps,
    groups,
    herd_list,
    hours,
    journal,
    opening,
    people,
    told,
)

PAGES: Final[tuple[Page, ...]] = (
    Page("first_steps_page", first_steps.show, opening.FIRST_STEPS, "flag"),
    Page("collars_page", collars.show, "new-collars", "sensors"),
    Page("animals_page", animals.show, "animals", "pets"),
    Page("groups_page", groups.show, "groups", "workspaces"),
    Page("herd_list_page", herd_list.show, "herd-list", "list_alt"),
    Page("hours_page", hours.show, "hours", "schedule"),
    Page("journal_page", journal.show, "journal", "edit_note"),
    Page("told_page", told.show, "told", "notifications"),
    Page("people_page", people.show, "people", "group"),
    Page("farm_page", farm.show, "farm", "home"),
)
"""In the order in which they are listed."""

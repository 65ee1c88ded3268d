"""Every page of the model draws itself for whoever may look, in both languages, of a series of the farm."""

import pytest

from dashboards.console.said import TEXTS
from dashboards.console.working import PAGES


@pytest.mark.parametrize("name", ["vera", "marie"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_draws_itself_for_whoever_may_look(drawn, page, name):
    seen = drawn(page.show.__module__, name)
    assert not seen.exception
    assert not seen.error
    assert seen.title[0].value == TEXTS[page.title].fr
    may_change = name == "marie"
    told = [info.value for info in seen.info]
    if page.path in {"models", "compare"}:
        assert (TEXTS["manager_needed"].fr in told) == (not may_change)


def test_a_page_in_english_after_the_switch(drawn):
    assert drawn("dashboards.console.working.watching", entered={"language": "en"}).title[0].value == "Follow"


def test_what_the_api_refuses_is_told_in_the_form_and_what_was_entered_stays(drawn):
    page = drawn("dashboards.console.working.models")
    page.number_input(key="kept.order.P").set_value(1)
    page.button[0].click().run()
    assert not page.exception
    assert [error.value for error in page.error if "saison" in error.value]
    assert page.number_input(key="kept.order.P").value == 1


def test_the_group_and_the_period_are_what_other_pages_work_on(drawn):
    page = drawn("dashboards.console.working.models", entered={"group.barn": 0, "days": 7})
    assert page.caption[0].value == r"Série choisie : La Chèvrerie, Tout le troupeau, les 7 derniers jours."

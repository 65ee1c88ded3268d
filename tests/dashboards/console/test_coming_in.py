"""Coming in: who may, what is said to who may not, and where one is when one comes again."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_who_comes_in_sees_the_menu_in_french_and_stays_in_when_the_page_is_loaded_anew(open_console):
    page = open_console("", "marie")
    expect(page.get_by_role("heading", name="Données")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Données")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("button", name="Se connecter")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Se connecter")).to_be_visible()


def test_a_wrong_password_is_said_plainly(open_console, log_in):
    page = open_console()
    log_in(page, "vera", "wrong")
    expect(page.get_by_text("Le nom ou le mot de passe est faux.")).to_be_visible()

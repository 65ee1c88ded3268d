"""The console on a phone: the menu makes room for the page that was chosen of it."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PHONES = {
    "android": "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 "
    "Mobile Safari/537.36",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
}


@pytest.mark.parametrize("phone", PHONES)
def test_the_menu_closes_when_a_page_is_chosen(open_console, phone):
    wanted = {"viewport": {"width": 390, "height": 844}, "user_agent": PHONES[phone]}
    page = open_console("", "marie", has_touch=True, is_mobile=True, **wanted)
    menu = page.get_by_test_id("stSidebar")
    for name in ("Modèles", "Suivre"):  # the second time from where the first one led
        expect(menu).to_have_attribute("data-collapsed", "true")
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(menu).to_have_attribute("data-collapsed", "false")
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(menu).to_have_attribute("data-collapsed", "true")

"""The menu leads to the node's own page, where the alerts are, from whatever machine one looks."""

import pytest
from playwright.sync_api import expect

from dashboards.console.light_page import address_of


@pytest.mark.parametrize(
    ("api", "console", "page"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8501/", "http://127.0.0.1:8000/"),
        ("http://localhost:8000/", "http://192.168.1.5:8501/told", "http://192.168.1.5:8000/"),
        ("http://[::1]:8000", "http://[fe80::2]:8501", "http://[fe80::2]:8000/"),
        ("http://127.0.0.1", "http://barn:8501", "http://barn/"),
        ("https://animov.example/node", "http://192.168.1.5:8501", "https://animov.example/node/"),
        ("http://127.0.0.1:8000", "", "http://127.0.0.1:8000/"),
    ],
)
def test_the_page_is_where_the_api_is_as_the_browser_sees_it(api, console, page):
    assert address_of(api, console) == page


@pytest.mark.browser
def test_the_menu_and_who_looks_for_alerts_are_led_to_the_page(open_console, node):
    page = open_console("told", "vera")
    links = page.get_by_role("link", name="Alertes et troupeau : la page")
    expect(links).to_have_count(2)
    with page.expect_popup() as opening:
        links.last.click()
    expect(opening.value).to_have_url(f"{node.address}/")
    expect(opening.value.get_by_label("Nom d'utilisateur")).to_be_visible()

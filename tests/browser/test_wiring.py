"""The doctor and the origin preview in a real browser: accessible with their answers shown, usable without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import flaws, only_looks, open_page, records  # noqa: F401 - fixtures
from tests.factories import login_jwt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PREVIEWED = "/setup/acme/?page=https://www.shop.example/&domain=shop.example&same_site=Lax&secure=on"
WRONG = {"iss": "https://login.xsolla.com/", "sub": ""}


class TestWiringPage:
    @pytest.mark.parametrize(
        ("theme", "width"), only_looks(("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390))
    )
    def test_is_accessible_with_its_answers_shown(self, open_page, theme, width):  # noqa: F811
        page = open_page(PREVIEWED, theme=theme, width=width)
        previewed = flaws(page)
        page.fill("#text", login_jwt(**WRONG))
        page.keyboard.press("Control+Enter")
        expect(page.locator("#diagnosis")).to_be_focused()
        # Wherever the page has scrolled to by now, half a button may be below the bar at the top.
        page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
        assert (previewed, flaws(page), page.said) == ([], [], [])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    def test_examines_and_previews_without_scripts(self, open_page):  # noqa: F811
        page = open_page(PREVIEWED, java_script_enabled=False)
        expect(page.get_by_text("Browsers will not send the cookie.")).to_be_visible()
        page.fill("#text", login_jwt(**WRONG))
        page.click("text=Check token")
        expect(page.locator("#diagnosis")).to_contain_text("The issuer ends with a slash.")

    def test_switches_snippets_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/", java_script_enabled=False)
        page.click("label[for=tab-curl]")
        expect(page.locator(".tab-curl")).to_be_visible()
        expect(page.locator(".tab-web-widget")).to_be_hidden()

    def test_brings_no_paste_back(self, open_page):  # noqa: F811
        page = open_page("/setup/acme/")
        page.fill("#text", "a paste")
        page.goto("/sync/")
        page.go_back()
        expect(page.locator("#text")).to_have_value("")

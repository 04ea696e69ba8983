"""The account menu with a mouse, with keys and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.keys import press
from tests.browser.test_pages import flaws, only_looks, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def name_of(page):
    return page.locator("details.me summary")


class TestAccountMenu:
    @pytest.mark.parametrize(
        ("theme", "width"), only_looks(("light", 1440), ("dark", 1440), ("light", 390), ("dark", 320))
    )
    def test_is_accessible_and_inside_the_window_when_open(self, open_page, theme, width):  # noqa: F811
        page = open_page("/", theme=theme, width=width)
        name_of(page).click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        box = page.locator(".me .menu").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["y"] >= 0 and box["y"] + box["height"] <= 900
        # What lies under the open menu is covered in part, which axe takes for a small target.
        assert [flaw for flaw in flaws(page) if flaw[0] != "target-size"] == page.said == []

    def test_works_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/", java_script_enabled=False)
        name_of(page).click()
        page.get_by_role("link", name="Time zone").click()
        expect(page.locator("h1")).to_have_text("Time zone")
        page.locator("#time_zone").select_option("Europe/Berlin")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#toasts")).to_contain_text("Time zone saved")

    def test_a_second_click_signs_nobody_out(self, open_page):  # noqa: F811
        page = open_page("/")
        name_of(page).dblclick()
        page.goto("/sync/")
        expect(page.locator("h1")).to_have_text("Sync")

    def test_closes_with_escape_and_beside(self, open_page):  # noqa: F811
        page = open_page("/")
        name_of(page).click()
        press(page, "Escape")
        expect(page.locator(".me .menu")).to_be_hidden()
        expect(name_of(page)).to_be_focused()
        name_of(page).click()
        page.locator("h1").click()
        expect(page.locator(".me .menu")).to_be_hidden()

    def test_offers_its_ways_among_all_actions(self, open_page):  # noqa: F811
        page = open_page("/")
        press(page, "Control+k")
        page.keyboard.type("time zone")
        press(page, "Enter")
        expect(page.locator("h1")).to_have_text("Time zone")

    def test_offers_the_browsers_own_zone(self, open_page):  # noqa: F811
        page = open_page("/accounts/time-zone/", timezone_id="Asia/Tokyo")
        page.get_by_role("button", name="Asia/Tokyo").click()
        expect(page.locator("#toasts")).to_contain_text("JST")

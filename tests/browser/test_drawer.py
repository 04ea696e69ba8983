"""The record beside the list: by keys and mouse, in the address, and not there where it cannot be."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.keys import press
from tests.browser.test_pages import VISITOR, flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RECORD = re.compile(rf"/visitors/{re.escape(VISITOR)}/\?integration=acme$")
LIST = re.compile(r"/\?q=Nadia&state=linked$")


@pytest.fixture
def opened(open_page):  # noqa: F811
    """The list with Nadia's record open beside it."""

    def make(path="/?q=Nadia&state=linked", **options):
        page = open_page(path, **options)
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(drawer(page).locator("h1")).to_contain_text("Nadia")
        return page

    return make


def drawer(page):
    return page.locator("#drawer")


class TestDrawer:
    def test_shows_the_record_and_its_address(self, opened):
        page = opened()
        expect(page).to_have_url(RECORD)
        expect(page).to_have_title("Nadia · zdbridge")
        expect(drawer(page).get_by_text("Open in Publisher Account")).to_be_visible()
        assert page.said == []

    def test_closes_with_escape_and_gives_the_focus_back(self, opened):
        page = opened()
        press(page, "Escape")
        expect(drawer(page)).to_be_hidden()
        expect(page).to_have_url(LIST)
        expect(page.get_by_role("link", name="Nadia", exact=True)).to_be_focused()

    def test_closes_with_back_and_opens_with_forward(self, opened):
        page = opened()
        page.go_back()
        expect(drawer(page)).to_be_hidden()
        page.go_forward()
        expect(drawer(page).locator("h1")).to_contain_text("Nadia")

    def test_stays_open_when_the_event_of_an_earlier_close_comes_late(self, opened):
        page = opened()
        page.evaluate("() => { history.back = () => { window.hasGoneBack = true; }; }")
        page.evaluate("document.getElementById('drawer').dispatchEvent(new Event('close'))")
        assert not page.evaluate("window.hasGoneBack")
        expect(drawer(page).locator("h1")).to_contain_text("Nadia")

    def test_after_a_reload_back_leads_to_the_list(self, opened):
        page = opened()
        page.reload()
        expect(page.locator("main h1")).to_contain_text("Nadia")
        page.go_back()
        expect(page.locator("main h1")).to_have_text("Visitors")

    def test_leaves_the_list_in_place_and_in_use(self, open_page):  # noqa: F811
        page = open_page("/")
        row = page.locator("#list tbody tr", has_text="Hana")
        top = row.bounding_box()["y"]
        page.get_by_role("link", name="Hana", exact=True).click()
        expect(drawer(page).locator("h1")).to_contain_text("Hana")
        assert abs(row.bounding_box()["y"] - top) < 2
        box = drawer(page).bounding_box()
        assert (box["width"], row.bounding_box()["x"] + row.bounding_box()["width"] < box["x"]) == (480, True)
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(drawer(page).locator("h1")).to_contain_text("Nadia")
        expect(page.locator("#list a[aria-current=true]")).to_have_text("Nadia")

    def test_selects_its_row_by_key(self, opened):
        page = opened("/")
        press(page, "x")
        expect(page.get_by_role("checkbox", name="Nadia")).to_be_checked()

    def test_keeps_a_note_when_escape_is_pressed_in_it(self, opened):
        page = opened()
        note = drawer(page).locator("textarea").first
        note.fill("Refunded")
        note.press("Escape")
        expect(note).to_have_value("Refunded")

    def test_walks_on_with_the_keys_of_the_list(self, opened):
        page = opened("/")
        first = page.url
        press(page, "k")
        expect(drawer(page).locator("h1")).to_contain_text("AAAA")
        press(page, "j")
        expect(drawer(page).locator("h1")).to_contain_text("Nadia")
        expect(page).to_have_url(first)

    def test_copying_is_announced_inside_it(self, opened):
        page = opened(permissions=["clipboard-read", "clipboard-write"])
        drawer(page).locator("#visitor-id").click()
        expect(drawer(page).get_by_role("status").last).to_have_text("Visitor ID copied")

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_accessible(self, opened, theme):
        assert flaws(opened(theme=theme)) == []

    def test_leads_to_the_page_itself_when_signed_out_meanwhile(self, open_page):  # noqa: F811
        page = open_page("/")
        page.context.clear_cookies()
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(page).to_have_url(re.compile("/accounts/login/"))


class TestPlainLink:
    def test_is_kept_on_a_phone(self, open_page):  # noqa: F811
        page = open_page("/", width=390)
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(page.locator("main h1")).to_contain_text("Nadia")

    def test_is_kept_without_scripts(self, open_page):  # noqa: F811
        page = open_page("/", java_script_enabled=False)
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(page.locator("main h1")).to_contain_text("Nadia")

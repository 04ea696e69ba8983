"""The menu of everything that can be done from a page."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.keys import press
from tests.browser.test_pages import VISITOR, flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def opened(open_page):  # noqa: F811
    """A page with the menu open."""

    def make(path=f"/visitors/{VISITOR}/", **options):
        page = open_page(path, **options)
        press(page, "Control+k")
        expect(page.locator("#actions")).to_be_visible()
        return page

    return make


def names(page):
    return [text.partition("\n")[0] for text in page.locator("#action-list [role=option]").all_inner_texts()]


class TestRecords:
    def test_are_found_from_every_page_and_opened_with_enter(self, opened):
        page = opened("/sync/")
        page.keyboard.type("nadia")
        expect(page.locator("#jump-visitors-1")).to_be_visible()
        groups = page.locator("#action-list [role=group]")
        assert [group.get_attribute("aria-label") for group in groups.all()] == ["Players", "Visitors"]
        press(page, "ArrowDown")
        press(page, "Enter")
        expect(page).to_have_url(re.compile(rf"/visitors/{re.escape(VISITOR)}/"))
        assert page.said == []

    def test_opened_lately_are_offered_before_anything_is_typed(self, opened):
        page = opened()
        expect(page.locator("#jump-visitors-1")).to_contain_text("Nadia")

    def test_leave_nothing_of_a_person_in_the_browser(self, opened):
        page = opened()
        page.keyboard.type("hana")
        expect(page.locator("#jump-visitors-1")).to_contain_text("Hana")
        stored = page.evaluate("JSON.stringify({...localStorage})")
        assert re.fullmatch(r'\{"zdbridge-recent":"\[\\"v\d+\\"\]"\}', stored)

    def test_do_not_take_enter_from_a_named_action(self, opened):
        page = opened("/")
        page.keyboard.type("sync")
        expect(page.locator("#action-list [aria-selected=true]")).to_contain_text("Sync")

    def test_hold_integrations(self, opened):
        page = opened("/sync/")
        page.keyboard.type("acme")
        expect(page.locator("#jump-integrations-1")).to_be_visible()
        press(page, "Enter")
        expect(page).to_have_url(re.compile("/setup/acme/"))

    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("dark", 390)])
    def test_are_accessible(self, opened, theme, width):
        page = opened("/", theme=theme, width=width)
        page.keyboard.type("na")
        page.keyboard.type("dia")
        expect(page.locator("#jump-visitors-1")).to_be_visible()
        assert flaws(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestActions:
    def test_are_what_the_page_offers_this_person(self, opened):
        assert {
            "Open in Publisher Account",
            "Refresh from Zendesk",
            "Copy the user ID",
            "Conflicts",
            "Sign out",
        } <= set(names(opened()))
        assert "People" not in names(opened(who="agent"))

    def test_are_found_by_words_and_done_with_enter(self, opened):
        page = opened(permissions=["clipboard-read", "clipboard-write"])
        page.keyboard.type("visitor copy")
        expect(page.locator("#action-list [role=option]")).to_have_count(1)
        assert names(page) == ["Copy the visitor ID"]
        press(page, "Enter")
        expect(page.locator("#toasts")).to_contain_text("Visitor ID copied")
        assert (page.evaluate("navigator.clipboard.readText()"), page.said) == (VISITOR, [])

    def test_are_walked_with_the_arrows(self, opened):
        page = opened()
        page.keyboard.type("no chat")
        press(page, "ArrowDown")
        press(page, "ArrowUp")
        press(page, "Enter")
        expect(page).to_have_url(re.compile(r"state=signed_in"))

    def test_close_with_escape_or_the_same_keys(self, opened):
        page = opened()
        press(page, "Escape")
        expect(page.locator("#actions")).to_be_hidden()
        press(page, "Control+k")
        press(page, "Control+k")
        expect(page.locator("#actions")).to_be_hidden()

    def test_say_when_there_is_none(self, opened):
        page = opened()
        page.keyboard.type("make coffee")
        expect(page.locator("#actions [data-none]")).to_be_visible()
        press(page, "Enter")
        expect(page.locator("#actions")).to_be_visible()

    def test_are_those_of_the_record_in_an_open_drawer(self, open_page):  # noqa: F811
        page = open_page("/")
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(page.locator("#drawer h1")).to_contain_text("Nadia")
        press(page, "Control+k")
        assert "Open in Publisher Account" in names(page)
        assert "Live" not in names(page)

    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
    def test_are_accessible(self, opened, theme, width):
        page = opened(theme=theme, width=width)
        assert flaws(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_have_a_button_for_those_without_keys(self, open_page):  # noqa: F811
        page = open_page("/", width=390)
        page.get_by_role("button", name="Actions").click()
        expect(page.locator("#actions")).to_be_visible()

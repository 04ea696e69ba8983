"""A record as a person works with it: keys, focus, copying, and the timeline page by page."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from linking.models import Visitor, VisitorChat
from tests.browser.keys import press
from tests.browser.test_pages import USER, VISITOR, flaws, open_page, records  # noqa: F401 - fixtures
from tests.factories import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RECORD = f"/visitors/{VISITOR}/"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def chats(records):  # noqa: F811
    visitor = Visitor.objects.get(visitor_id=VISITOR)
    VisitorChat.objects.bulk_create(
        VisitorChat(
            integration_id=visitor.integration_id, visitor=visitor, chat_id=f"c{number}", kind="chat", length_s=90,
            started_at=NOW - timedelta(hours=number), rating="good", department="Billing", tags=["vip"], ticket_id=4711,
        )
        for number in range(60)
    )  # fmt: skip


class TestKeys:
    @pytest.mark.parametrize("path", [RECORD, f"/users/{USER}/"])
    def test_c_copies_the_user_id(self, open_page, path):  # noqa: F811
        page = open_page(path, **CLIPBOARD)
        press(page, "c")
        expect(page.locator("#toasts")).to_contain_text("User ID copied")
        assert page.evaluate("navigator.clipboard.readText()") == USER

    @pytest.mark.parametrize(("key", "way"), [("o", "Open in Publisher Account"), ("z", "Open in Zendesk")])
    def test_o_and_z_press_the_ways_out(self, open_page, key, way):  # noqa: F811
        page = open_page(RECORD)
        page.evaluate(
            "addEventListener('click', (event) => { event.preventDefault(); window.pressed = event.target; })"
        )
        press(page, key)
        assert way in page.evaluate("pressed.textContent")

    def test_are_those_of_the_record_in_an_open_drawer(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked", **CLIPBOARD)
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(page.locator("#drawer h1")).to_be_focused()
        press(page, "c")
        expect(page.locator("#drawer [data-toasts]")).to_contain_text("User ID copied")
        assert page.evaluate("navigator.clipboard.readText()") == USER

    def test_do_nothing_once_they_are_switched_off(self, open_page):  # noqa: F811
        page = open_page(RECORD, **CLIPBOARD)
        press(page, "?")
        page.locator("#keys-on").uncheck()
        press(page, "Escape")
        press(page, "c")
        assert page.locator("#toasts p").count() == 0


class TestCopying:
    def test_of_all_makes_lines_for_a_ticket(self, open_page):  # noqa: F811
        page = open_page(RECORD, **CLIPBOARD)
        page.get_by_role("button", name="Copy all").click()
        expect(page.locator("#toasts")).to_contain_text("Copied for a ticket")
        lines = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert f"User ID: {USER}" in lines
        assert f"Visitor ID: {VISITOR}" in lines
        assert lines[-1].startswith("Record: http://")

    def test_works_where_there_is_no_clipboard(self, open_page):  # noqa: F811
        page = open_page(RECORD, **CLIPBOARD)
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); }")
        page.locator("#user-id").click()
        expect(page.locator("#toasts")).to_contain_text("User ID copied")
        assert page.evaluate("navigator.clipboard.readText()") == USER


class TestFocus:
    def test_is_on_the_name_after_a_search_that_names_one_record(self, open_page):  # noqa: F811
        page = open_page("/")
        page.locator("#search").fill(VISITOR)
        press(page, "Enter")
        expect(page.locator("main h1")).to_be_focused()

    def test_is_left_alone_on_a_record_opened_otherwise(self, open_page):  # noqa: F811
        page = open_page(f"{RECORD}?integration=acme")
        expect(page.locator("main h1")).not_to_be_focused()


class TestTimeline:
    @pytest.mark.usefixtures("chats")
    def test_is_narrowed_inside_the_drawer(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked")
        page.get_by_role("link", name="Nadia", exact=True).click()
        page.locator("#drawer .kinds").get_by_role("link", name="Chats").click()
        expect(page.locator("#drawer .kinds [aria-current]")).to_contain_text("Chats")
        expect(page.locator("#drawer .timeline strong").first).to_have_text("Chat")
        expect(page.locator("#drawer #events-chats")).to_be_focused()

    @pytest.mark.usefixtures("chats")
    def test_is_read_page_by_page_without_leaving(self, open_page):  # noqa: F811
        page = open_page(f"{RECORD}?integration=acme&events=chats")
        page.get_by_role("link", name="Older").click()
        expect(page.get_by_role("link", name="Newest")).to_be_visible()
        expect(page.locator(".timeline li")).to_have_count(10)
        assert page.said == []

    @pytest.mark.usefixtures("chats")
    def test_is_read_page_by_page_without_scripts(self, open_page):  # noqa: F811
        page = open_page(f"{RECORD}?integration=acme&events=chats", java_script_enabled=False)
        page.get_by_role("link", name="Older").click()
        expect(page.locator(".timeline li")).to_have_count(10)

    @pytest.mark.usefixtures("chats")
    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
    @pytest.mark.parametrize("path", [RECORD, f"/users/{USER}/"])
    def test_is_accessible_and_fits(self, open_page, theme, width, path):  # noqa: F811
        page = open_page(path, theme=theme, width=width)
        assert flaws(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

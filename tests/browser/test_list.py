"""The list under a person's hands: how high its rows stand, how its filters open, how rows are selected."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.keys import press
from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EVERY_CHIP = "/?q=na&state=linked&seen=30&integration=acme&trust=disputed&banned=no&seen_from=2026-01-01"


def boxes(page):
    return page.locator("#selected tbody input[name=row]")


class TestRoom:
    def test_the_first_row_stands_high(self, open_page):  # noqa: F811
        assert open_page("/").locator("#list tbody tr").first.bounding_box()["y"] < 300

    def test_a_long_integration_name_stays_within_its_chip(self, open_page):  # noqa: F811
        assert open_page(EVERY_CHIP).locator("#filter-integration").bounding_box()["width"] < 320

    @pytest.mark.parametrize("width", [1440, 1024, 390, 320])
    def test_nothing_is_wider_than_the_window(self, open_page, width):  # noqa: F811
        page = open_page(EVERY_CHIP, width=width)
        for chip in page.locator(".filters summary").all():
            chip.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestChips:
    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("dark", 390)])
    def test_are_accessible_when_open(self, open_page, theme, width):  # noqa: F811
        page = open_page(EVERY_CHIP, theme=theme, width=width)
        for key in ("state", "days"):
            page.click(f"#filter-{key} summary")
            assert flaws(page) == []

    def test_apply_at_a_click_and_go_with_their_cross(self, open_page):  # noqa: F811
        page = open_page("/")
        page.click("#filter-trust summary")
        page.get_by_role("link", name="Disputed").click()
        expect(page).to_have_url(re.compile(r"/\?trust=disputed$"))
        page.get_by_role("link", name="Remove the filter Trust").click()
        expect(page.locator("#filter-trust summary")).to_have_text("Trust")

    def test_close_on_escape_with_the_focus_back(self, open_page):  # noqa: F811
        page = open_page("/")
        page.click("#filter-state summary")
        press(page, "Tab")
        press(page, "Escape")
        expect(page.locator("#filter-state .menu")).to_be_hidden()
        expect(page.locator("#filter-state summary")).to_be_focused()


class TestSelection:
    def test_counts_rows_ticked_by_mouse_and_key(self, open_page):  # noqa: F811
        page = open_page("/")
        boxes(page).first.check()
        press(page, "j")
        press(page, "x")
        expect(page.locator("[data-count]")).to_have_text("2 selected")
        press(page, "x")
        expect(page.locator("[data-count]")).to_have_text("1 selected")
        assert page.said == []

    def test_takes_all_rows_of_the_page_and_lets_them_go(self, open_page):  # noqa: F811
        page = open_page("/")
        page.get_by_role("checkbox", name="Select all rows on this page").check()
        expect(page.locator("[data-count]")).to_have_text("3 selected")
        page.get_by_role("button", name="Clear selection").click()
        expect(page.locator(".selection")).to_be_hidden()
        expect(page.locator("#selected :checked")).to_have_count(0)

    def test_takes_a_range_with_shift(self, open_page):  # noqa: F811
        page = open_page("/")
        boxes(page).first.click()
        boxes(page).last.click(modifiers=["Shift"])
        expect(page.locator("[data-count]")).to_have_text("3 selected")

    def test_survives_a_swap_of_the_list(self, open_page):  # noqa: F811
        page = open_page("/")
        page.get_by_role("checkbox", name="Nadia").check()
        page.evaluate("""() => {
            const list = document.getElementById("list"), copy = list.cloneNode(true);
            for (const box of copy.querySelectorAll("input")) box.checked = false;
            list.replaceWith(copy);
            copy.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
        }""")
        expect(page.get_by_role("checkbox", name="Nadia")).to_be_checked()
        expect(page.locator("[data-count]")).to_have_text("1 selected")

    def test_exports_exactly_what_is_ticked_as_often_as_wanted(self, open_page):  # noqa: F811
        page = open_page("/")
        page.get_by_role("checkbox", name="Nadia").check()
        for _ in range(2):
            with page.expect_download() as download:
                page.get_by_role("button", name="Export CSV").click()
            lines = download.value.path().read_text("utf-8-sig").splitlines()
            assert [line.split(",")[3] for line in lines] == ["name", "Nadia"]

    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
    def test_is_accessible(self, open_page, theme, width):  # noqa: F811
        page = open_page("/", theme=theme, width=width)
        boxes(page).first.check()
        assert flaws(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_is_not_offered_to_agents(self, open_page):  # noqa: F811
        expect(boxes(open_page("/", who="agent"))).to_have_count(0)


class TestIDs:
    def test_are_copied_whole_and_shown_whole(self, open_page):  # noqa: F811
        page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
        row = page.locator("#list tbody tr", has_text="Nadia")
        row.get_by_role("button", name="Copy the user ID").click()
        assert page.evaluate("navigator.clipboard.readText()") == "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
        row.locator(".login > a").hover()
        expect(row.locator(".login > a")).to_have_attribute("title", "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01")

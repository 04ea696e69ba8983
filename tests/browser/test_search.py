"""The first matches below the search box, by keys, mouse and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
VISITOR_PAGE = re.compile(r"/visitors/7700123\.ab3XkQ9zLm2Rt7/")


@pytest.fixture
def typed(open_page):  # noqa: F811
    """A page in whose search box somebody typed a name that one visitor has."""

    def opened(text="nadia", **options):
        page = open_page("/sync/", **options)
        page.locator("#search").press_sequentially(text, delay=15)
        expect(page.locator("#match-list")).to_be_visible()
        return page

    return opened


def box(page):
    return page.locator("#search")


class TestMatches:
    def test_arrow_and_enter_open_a_record(self, typed):
        page = typed()
        box(page).press("ArrowDown")
        expect(box(page)).to_have_attribute("aria-activedescendant", "match-1")
        expect(page.locator("#match-1")).to_have_attribute("aria-selected", "true")
        box(page).press("Enter")
        expect(page).to_have_url(VISITOR_PAGE)
        assert page.said == []

    def test_enter_alone_sends_the_form_as_ever(self, typed):
        page = typed("aaaa")
        box(page).press("Enter")
        expect(page).to_have_url(re.compile(r"/\?q=aaaa"))

    def test_escape_closes_and_keeps_the_text(self, typed):
        page = typed()
        box(page).press("Escape")
        expect(page.locator("#matches")).to_be_hidden()
        expect(box(page)).to_have_value("nadia")
        expect(box(page)).to_have_attribute("aria-expanded", "false")

    def test_arrow_down_opens_them_again(self, typed):
        page = typed()
        box(page).press("Escape")
        box(page).press("ArrowDown")
        expect(page.locator("#match-1")).to_be_visible()

    def test_walks_round_through_the_box(self, typed):
        page = typed()
        for _ in range(2):
            box(page).press("ArrowUp")
        expect(page.locator('[role="option"][aria-selected="true"]')).to_have_count(0)

    def test_a_click_opens_a_record(self, typed):
        page = typed()
        page.locator("#match-1").click()
        expect(page).to_have_url(VISITOR_PAGE)

    def test_leaving_the_box_closes_them(self, typed):
        page = typed()
        page.mouse.click(1400, 880)
        expect(page.locator("#matches")).to_be_hidden()

    def test_are_announced_by_number(self, typed):
        page = typed()
        expect(page.locator("#matches-said")).to_have_text(re.compile(r"^1 match\."))

    def test_an_empty_box_has_none(self, typed):
        page = typed()
        box(page).fill("")
        expect(page.locator("#matches")).to_be_hidden()

    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
    def test_are_accessible_and_fit(self, typed, theme, width):
        page = typed("aaa", theme=theme, width=width)
        box(page).press("ArrowDown")
        assert flaws(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_without_scripts_the_box_is_a_form(self, open_page):  # noqa: F811
        page = open_page("/sync/", java_script_enabled=False)
        box(page).fill("nadia")
        box(page).press("Enter")
        expect(page).to_have_url(re.compile(r"/\?q=nadia"))

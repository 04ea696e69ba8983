"""What the frame of every page owes a phone, a printer and hostile text."""

import pytest
from playwright.sync_api import expect

from linking.models import Conflict, Visitor
from tests.browser.test_pages import VISITOR, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIGHTNESS = (
    "getComputedStyle(document.body).color.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3"
)


# What runs over the right edge of the page and is not cut off, with an ellipsis or a bar to scroll by, where it stands.
OUTSIDE = """() => {
    const isKept = (one) => one && (getComputedStyle(one).overflowX !== "visible" || isKept(one.parentElement));
    return [...document.querySelectorAll("main *, .side *")].filter((one) => {
        const box = one.getBoundingClientRect();
        // What a closed menu holds has a place, and is not seen.
        const isOutside = box.width && box.right > document.documentElement.clientWidth + 1;
        return one.checkVisibility() && isOutside && !isKept(one.parentElement);
    }).map((one) => one.outerHTML.slice(0, 80));
}"""
# Times that run out of what they stand in.
TIMES_OUTSIDE = """() => [...document.querySelectorAll("main relative-time")].filter((one) => {
    const frame = one.closest("td, li, dd, .panel");
    return frame && one.getBoundingClientRect().right > frame.getBoundingClientRect().right + 1;
}).map((one) => one.outerHTML)"""
LIST_AND_RECORD = ["/", f"/visitors/{VISITOR}/"]


class TestPhone:
    @pytest.mark.parametrize("width", [320, 390])
    def test_a_row_keeps_its_name_and_ids_beside_a_long_integration(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width)
        for row in page.locator("tbody tr").all():
            assert row.locator(".who").bounding_box()["width"] >= 90
            assert row.locator(".visitor code").bounding_box()["width"] >= 70
            for cell in row.locator("td:visible").all():
                box = cell.bounding_box()
                assert box["width"] > 0
                assert box["x"] + box["width"] <= width

    @pytest.mark.parametrize("path", ["/", "/?state=signed_in", "/conflicts/", "/sync/", "/setup/"])
    def test_a_name_of_a_hundred_letters_stays_inside(self, open_page, path):  # noqa: F811
        assert open_page(path, width=320).evaluate(OUTSIDE) == []

    @pytest.mark.parametrize("width", [320, 390])
    def test_every_section_is_in_sight(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width, who="admin")
        sections = page.locator(".side nav a")
        boxes = [sections.nth(place).bounding_box() for place in range(sections.count())]
        assert len(boxes) == 10
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)

    def test_a_junk_id_without_a_blank_does_not_widen_the_page(self, open_page):  # noqa: F811
        page = open_page("/", width=320)
        Conflict.objects.update(subject="1|" + "x" * 300, kind="junk_external_id", login_user=None)
        page.goto(f"/conflicts/{Conflict.objects.get().pk}/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    def test_an_empty_list_keeps_its_words_off_the_edge(self, open_page):  # noqa: F811
        page = open_page("/?q=nothing-like-that", width=390)
        edge = page.locator(".empty").bounding_box()
        for part in page.locator(".empty > *").all():
            box = part.bounding_box()
            assert edge["x"] + 20 <= box["x"]
            assert box["x"] + box["width"] <= edge["x"] + edge["width"] - 20


class TestPaper:
    def test_has_dark_letters_whatever_the_screen_has(self, open_page):  # noqa: F811
        page = open_page("/", theme="dark")
        page.click("[title='Dark colours']")
        assert page.evaluate(LIGHTNESS) > 128
        page.emulate_media(media="print")
        assert page.evaluate(LIGHTNESS) < 128

    def test_gives_the_time_itself_in_place_of_how_long_ago(self, open_page):  # noqa: F811
        page = open_page(f"/visitors/{VISITOR}/")
        page.emulate_media(media="print")
        time = page.locator("relative-time").first
        assert "UTC" in time.evaluate("one => getComputedStyle(one, '::after').content")
        assert time.evaluate("one => one.shadowRoot.querySelector('[part=root]').checkVisibility()") is False

    @pytest.mark.parametrize("width", [718, 1047, 1440])  # A4 upright, A4 across, and as wide as the window was
    def test_cuts_nothing_off(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width)
        page.emulate_media(media="print")
        for path in LIST_AND_RECORD:
            page.goto(path)
            assert (path, page.evaluate(OUTSIDE)) == (path, [])
            assert (path, page.evaluate(TIMES_OUTSIDE)) == (path, [])

    def test_leaves_out_what_can_only_be_pressed(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked")
        page.emulate_media(media="print")
        for what in ("#search", ".filters .aside", ".filters .clear", "[data-live]", "[name=row]"):
            expect(page.locator(what).first).to_be_hidden()
        # Which filters are set belongs to what the paper says.
        expect(page.locator(".filters summary:visible")).to_have_text(["State: Linked"])


class TestLowWindow:
    def test_gives_its_height_to_the_page(self, open_page):  # noqa: F811
        """At four times the size 225 pixels are left, of which a bar that stays would take sixty."""
        page = open_page("/", width=360)
        page.set_viewport_size({"width": 360, "height": 225})
        page.mouse.wheel(0, 600)
        page.wait_for_function("scrollY > 300")
        assert page.locator("#search").bounding_box()["y"] < 0


class TestWithoutScripts:
    @pytest.mark.parametrize("width", [320, 390, 1024, 1440])
    def test_times_stay_in_the_table(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width, java_script_enabled=False)
        table = page.locator("#list").bounding_box()
        for time in page.locator("td.when relative-time").all():
            box = time.bounding_box()
            assert box["x"] + box["width"] <= table["x"] + table["width"]


class TestNames:
    def test_that_run_from_right_to_left_keep_their_beginning(self, open_page):  # noqa: F811
        page = open_page("/", width=1150)
        Visitor.objects.update(name="\u0645\u062d\u0645\u062f \u0639\u0628\u062f " * 12)
        page.reload()
        is_seen = """name => {
            const first = document.createRange();
            first.setStart(name.firstChild, 0);
            first.setEnd(name.firstChild, 1);
            const [letter, row] = [first.getBoundingClientRect(), name.closest("td").getBoundingClientRect()];
            return letter.left >= row.left && letter.right <= row.right;
        }"""
        name = page.locator("tbody td.who > a bdi").first
        assert name.evaluate("name => name.scrollWidth > name.clientWidth")
        assert name.evaluate(is_seen)


class TestKeysButton:
    def test_tells_the_keys_to_who_knows_none(self, open_page):  # noqa: F811
        page = open_page("/")
        page.locator("details.me summary").click()
        page.get_by_role("button", name="Keyboard shortcuts").click()
        expect(page.locator("#keys")).to_contain_text("Find a player, visitor, integration or action")

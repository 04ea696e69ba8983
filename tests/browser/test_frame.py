"""What the frame of every page owes a phone, a printer and hostile text."""

import pytest
from playwright.sync_api import expect

from linking.models import Conflict, Visitor
from tests.browser.test_pages import VISITOR, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIGHTNESS = (
    "getComputedStyle(document.body).color.match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3"
)


class TestPhone:
    @pytest.mark.parametrize("width", [320, 390])
    def test_every_section_is_in_sight(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width, who="admin")
        sections = page.locator(".side nav a")
        boxes = [sections.nth(place).bounding_box() for place in range(sections.count())]
        assert len(boxes) == 7
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
        page.click("[title=Dark]")
        assert page.evaluate(LIGHTNESS) > 128
        page.emulate_media(media="print")
        assert page.evaluate(LIGHTNESS) < 128

    def test_gives_the_time_itself(self, open_page):  # noqa: F811
        page = open_page(f"/visitors/{VISITOR}/")
        page.emulate_media(media="print")
        words = page.locator("relative-time").first.evaluate("one => getComputedStyle(one, '::after').content")
        assert "UTC" in words

    def test_leaves_out_what_can_only_be_pressed(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked")
        page.emulate_media(media="print")
        for what in ("#search", ".filters", "#export", "[data-live]"):
            expect(page.locator(what)).to_be_hidden()
        expect(page.locator(".states a:visible")).to_have_text(["Linked"])


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
        page.get_by_role("button", name="Keys").click()
        expect(page.locator("#keys")).to_contain_text("Everything that can be done from here")

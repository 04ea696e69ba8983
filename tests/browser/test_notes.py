"""Notes and labels in the browser: written by keys, in the drawer too, and nothing that was typed is lost."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import LoginUser, PlayerNote
from linking.notes import labels, player_labels, player_notes
from tests.browser.keys import press
from tests.browser.test_pages import VISITOR, flaws, open_page, records  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = f"/visitors/{VISITOR}/?integration=acme"
HOSTILE = "<b>bold</b> {{ 7 }}\n\u05d0\u05d1\u05d2 right to left"


def box(page):
    return page.get_by_role("textbox", name="New note")


def texts(page):
    return page.locator(".note-text")


@pytest.fixture
def marked(open_page):  # noqa: F811
    """A page opener; Nadia has notes of the lead, and a label that another one goes with."""

    def opened(path=PAGE, **options):
        page = open_page(path, **options)
        lead = get_user_model().objects.get(username="lead")
        nadia = LoginUser.objects.get(links__visitor__visitor_id=VISITOR)
        for text in ("Refunded on Monday", HOSTILE):
            player_notes.write_note(player=nadia, text=text, by=lead, now=timezone.now())
        for name, colour in (("VIP", "violet"), ("Chargeback", "red"), ("A name of thirty characters xx", "amber")):
            label = labels.add_label(name=name, colour=colour, by=lead, now=timezone.now())
        player_labels.put_label(player=nadia, label_key=label.pk, by=lead, now=timezone.now())
        page.goto(path)
        return page

    return opened


class TestWriting:
    def test_takes_a_click_and_a_key(self, open_page):  # noqa: F811
        page = open_page(PAGE)
        box(page).click()
        page.keyboard.type("Refunded")
        press(page, "Control+Enter")
        expect(texts(page)).to_have_text(["Refunded"])
        expect(page.locator("#toasts")).to_contain_text("Note saved.")
        expect(box(page)).to_have_value("")
        expect(box(page)).to_be_focused()
        assert page.said == []

    def test_works_without_scripts(self, open_page):  # noqa: F811
        page = open_page(PAGE, java_script_enabled=False)
        box(page).fill("Refunded")
        page.get_by_role("button", name="Save note").click()
        expect(texts(page)).to_have_text(["Refunded"])

    def test_in_the_drawer_leaves_it_open(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked")
        page.get_by_role("link", name="Nadia", exact=True).click()
        box(page).fill("Refunded")
        press(page, "Control+Enter")
        expect(page.locator("#drawer .note-text")).to_have_text(["Refunded"])
        expect(page.locator("#drawer [data-toasts]")).to_contain_text("Note saved.")

    def test_is_not_taken_for_a_shortcut(self, open_page):  # noqa: F811
        page = open_page(PAGE)
        box(page).click()
        page.keyboard.type("jkcoz/?1n")
        expect(box(page)).to_have_value("jkcoz/?1n")


class TestDrafts:
    def test_survive_a_reload_until_they_are_saved(self, open_page):  # noqa: F811
        page = open_page(PAGE)
        box(page).fill("Half a thought")
        page.reload()
        expect(box(page)).to_have_value("Half a thought")
        box(page).focus()
        press(page, "Control+Enter")
        expect(texts(page)).to_have_text(["Half a thought"])
        page.reload()
        expect(box(page)).to_have_value("")

    def test_survive_a_closed_drawer(self, open_page):  # noqa: F811
        page = open_page("/?q=Nadia&state=linked")
        page.get_by_role("link", name="Nadia", exact=True).click()
        box(page).fill("Half a thought")
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_role("link", name="Nadia", exact=True).click()
        expect(box(page)).to_have_value("Half a thought")

    def test_do_not_outlive_the_session(self, open_page):  # noqa: F811
        page = open_page(PAGE)
        kept = "Object.values(sessionStorage).includes('Half a thought')"
        box(page).fill("Half a thought")
        assert page.evaluate(kept)
        page.locator("details.me summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/accounts/login/")
        assert not page.evaluate(kept)


class TestEditing:
    def test_keeps_both_texts_when_the_note_was_changed_meanwhile(self, marked):
        page = marked()
        note = PlayerNote.objects.get(text="Refunded on Monday")
        item = page.locator(f"#note-{note.pk}")
        item.get_by_text("Edit").click()
        player_notes.edit_note(note=note, text="Changed elsewhere", seen=0, by=note.author, now=timezone.now())
        edit = item.get_by_role("textbox")
        edit.fill("Changed here")
        press(page, "Control+Enter")
        expect(item.get_by_role("alert")).to_contain_text("changed meanwhile")
        expect(item.locator(".note-text")).to_have_text("Changed elsewhere")
        expect(edit).to_have_value("Changed here")


class TestLabels:
    def test_take_two_clicks_and_stay_open_for_the_next(self, marked):
        page = marked()
        page.locator(".label-choice summary").click()
        page.get_by_role("button", name="VIP").click()
        expect(page.locator("#labels > .label")).to_have_text(["A name of thirty characters xx", "VIP"])
        expect(page.get_by_role("button", name="VIP")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("button", name="VIP")).to_be_focused()


class TestLook:
    @pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
    def test_axe_finds_nothing(self, marked, theme, width):
        page = marked(theme=theme, width=width)
        for summary in page.locator(".note-tools summary").all():
            summary.click()
        found = flaws(page)
        page.locator(".label-choice summary").click()
        found += flaws(page)
        page.goto("/labels/")
        for summary in page.locator(".label-rows summary").all():
            summary.click()
        assert found + flaws(page) == []

    def test_fits_the_narrowest_screen(self, marked):
        page = marked(width=320)
        page.locator(".label-choice summary").click()
        for path in (None, "/labels/", "/?state=linked"):
            if path:
                page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path

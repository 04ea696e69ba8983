"""A list that does not move under the hand: what is new is told, nothing is swapped before somebody asks for it."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from linking.models import Integration, Visitor
from tests.browser.keys import press
from tests.browser.test_pages import VISITOR, flaws, open_page, records  # noqa: F401 - fixtures
from tests.factories import make_run, make_visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PRESSES = 200
YESTERDAY = timezone.now() - timedelta(days=1)
# Counts clicks that reach a row's link, and goes nowhere.
COUNTING = """() => {
    window.clicks = 0;
    addEventListener("click", (event) => {
        if (!event.target.closest("td.who > a")) return;
        window.clicks += 1;
        event.preventDefault();
        event.stopImmediatePropagation();
    }, true);
}"""
# A server that has one more row for each question, in the page itself: two hundred real ones take a minute and a half.
ARRIVALS = """() => {
    let rows = 0;
    window.fetch = async (address) => {
        rows += 1;
        if (address.startsWith("/news/")) return Response.json({ mark: `${rows}`, words: "1 new · show", changed: [] });
        const list = document.querySelector("#list").cloneNode(true);
        list.querySelector("td.who > a").id = `v-new-${rows}`;
        return new Response(list.outerHTML);
    };
}"""
# A row arrives and is asked for, all of it while something is pressed; returns whether the list is still the same one.
ARRIVAL = """async () => {
    const bar = document.querySelector(".live"), until = async (is) => { while (!is()) await new Promise(setTimeout); };
    const list = document.querySelector("#list"), { fetch } = window;
    list.dispatchEvent(new Event("refresh"));
    await until(() => bar.dataset.state === "news");
    let isRead = false;
    window.fetch = async (...all) => {
        const answer = await fetch(...all), text = await answer.text();
        setTimeout(() => { isRead = true; });
        return Object.defineProperty(answer, "text", { value: async () => text });
    };
    bar.querySelector("button[data-live-show]").click();
    await until(() => isRead);
    window.fetch = fetch;
    return list.isConnected;
}"""


def arrive(number=1, **changes):
    """Visitors who begin to chat now."""
    integration, at = Integration.objects.get(slug="acme"), timezone.now()
    values = {"first_seen_at": at, "last_seen_at": at, "name": "Newcomer"} | changes
    known = Visitor.objects.count()
    return [make_visitor(integration=integration, visitor_id=f"7700123.n{known + place}", **values)
            for place in range(number)]  # fmt: skip


def look(page):
    """Ask what is new, at once, and return when the page knows."""
    with page.expect_response("**/news/**"):
        page.locator("#list").dispatch_event("refresh")


def pill(page):
    return page.locator("button[data-live-show]")


def row(page, name="Nadia"):
    return page.get_by_role("link", name=name, exact=True)


class TestClicks:
    def test_none_is_lost_while_rows_arrive(self, open_page):  # noqa: F811
        page = open_page("/")
        page.evaluate(COUNTING)
        page.evaluate(ARRIVALS)
        box, held = page.locator("td.who > a").first.bounding_box(), 0
        page.mouse.move(box["x"] + 10, box["y"] + 10)
        for _press in range(PRESSES):
            page.mouse.down()
            held += page.evaluate(ARRIVAL)
            page.mouse.up()
            expect(page.locator(".live")).to_have_attribute("data-state", "fresh")
        expect(page.locator(f"#v-new-{2 * PRESSES}")).to_be_visible()
        assert (page.evaluate("window.clicks"), held) == (PRESSES, PRESSES)

    def test_none_is_lost_while_a_key_is_held(self, open_page):  # noqa: F811
        page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
        button = page.locator("tr", has=row(page)).get_by_role("button", name="Copy the visitor ID")
        button.focus()
        arrive()
        page.keyboard.down("Space")
        assert page.evaluate(ARRIVAL) is True
        page.keyboard.up("Space")
        expect(page.locator("#toasts")).to_contain_text("Visitor ID copied")
        expect(row(page, "Newcomer")).to_be_visible()
        expect(button).to_be_focused()


class TestPill:
    def test_tells_what_is_new_and_moves_nothing(self, open_page):  # noqa: F811
        page = open_page("/")
        before = page.locator("#list").bounding_box()
        arrive(3)
        look(page)
        expect(pill(page)).to_have_text("3 new · show")
        expect(page.locator("[data-live-said]")).to_have_text("3 new · show")
        assert page.locator("#list").bounding_box() == before
        expect(row(page, "Newcomer")).to_have_count(0)

    @pytest.mark.parametrize("width", [320, 390])
    def test_moves_nothing_on_a_phone(self, open_page, width):  # noqa: F811
        page = open_page("/", width=width)
        before = page.locator("#list").bounding_box()
        arrive(60)
        Visitor.objects.filter(visitor_id=VISITOR).update(email="new@player.example")
        look(page)
        expect(pill(page)).to_have_text("50+ new, 1 changed · show")
        assert page.locator("#list").bounding_box() == before
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_shows_them_when_it_is_pressed(self, open_page):  # noqa: F811
        page = open_page("/")
        arrive()
        look(page)
        pill(page).click()
        expect(row(page, "Newcomer")).to_be_focused()
        expect(pill(page)).to_be_hidden()
        look(page)
        expect(pill(page)).to_be_hidden()

    def test_marks_the_row_that_says_something_else_by_now(self, open_page):  # noqa: F811
        page = open_page("/")
        Visitor.objects.filter(visitor_id=VISITOR).update(email="new@player.example")
        look(page)
        cell = page.locator("tr", has=row(page)).locator(".when")
        assert cell.evaluate("one => getComputedStyle(one, '::after').content") == '"changed"'
        expect(page.locator("tr.is-changed")).to_have_count(1)
        expect(pill(page)).to_have_text("1 changed · show")

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_is_accessible(self, open_page, theme):  # noqa: F811
        page = open_page("/", theme=theme, width=390)
        arrive()
        look(page)
        expect(pill(page)).to_be_visible()
        assert (flaws(page), page.said) == ([], [])


class TestFocus:
    def test_stays_on_its_row_and_in_its_place(self, open_page):  # noqa: F811
        page = open_page("/", reduced_motion="reduce")
        arrive(20, last_seen_at=YESTERDAY, first_seen_at=YESTERDAY)
        page.reload()
        link = page.locator("td.who > a").nth(15)
        link.focus()
        key, top = link.get_attribute("id"), link.bounding_box()["y"]
        arrive(3)
        look(page)
        expect(pill(page)).to_be_visible()
        expect(page.locator(f"#{key}")).to_be_focused()
        press(page, "r")
        expect(page.locator(f"#{key} >> xpath=ancestor::tbody//tr").nth(2)).to_contain_text("Newcomer")
        expect(pill(page)).to_be_hidden()
        expect(page.locator(f"#{key}")).to_be_focused()
        assert abs(page.locator(f"#{key}").bounding_box()["y"] - top) <= 1

    def test_walks_on_from_the_row_that_an_open_drawer_shows(self, open_page):  # noqa: F811
        page = open_page("/")
        row(page).click()
        expect(page.locator("#drawer h1")).to_contain_text("Nadia")
        arrive()
        look(page)
        press(page, "Escape")
        expect(row(page)).to_be_focused()


class TestAsking:
    def test_rests_in_a_hidden_tab_and_looks_when_it_is_seen_again(self, open_page):  # noqa: F811
        page = open_page("/")
        page.clock.install()
        page.reload()
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/news/" in request.url else None)
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { get: () => window.isAway, configurable: true });"
            "window.isAway = true; document.dispatchEvent(new Event('visibilitychange'))"
        )
        page.clock.run_for(120_000)
        assert asked == []
        with page.expect_response("**/news/**"):
            page.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")
            page.clock.run_for(100)

    def test_comes_again_within_fifteen_seconds_and_later_after_failures(self, open_page):  # noqa: F811
        page = open_page("/")
        page.clock.install()
        page.reload()
        times = []
        page.route("**/news/**", lambda route: (times.append(1), route.fulfill(status=503, body="")))
        with page.expect_response("**/news/**"):
            page.clock.run_for(15_000)
        expect(page.locator(".for-lost")).to_be_visible()
        page.clock.run_for(29_000)
        assert len(times) == 1
        with page.expect_response("**/news/**"):
            page.clock.run_for(2_000)
        page.unroute("**/news/**")
        look(page)
        expect(page.locator(".for-fresh")).to_be_visible()

    def test_ends_with_the_session_and_says_so(self, open_page):  # noqa: F811
        page = open_page("/?seen=7")
        Session.objects.all().delete()
        look(page)
        expect(page.locator(".for-signed-out")).to_contain_text("You are signed out.")
        page.get_by_role("link", name="Sign in").click()
        expect(page).to_have_url(re.compile(r"/accounts/login/\?next=.*seen%3D7"))

    def test_offers_to_reload_where_nothing_can_be_newer(self, open_page):  # noqa: F811
        page = open_page("/?ordering=name")
        arrive(name="AAA")
        page.evaluate("document.querySelector('.live relative-time').setAttribute('datetime', '2026-01-01T00:00Z')")
        look(page)
        expect(page.locator(".for-fresh relative-time")).to_have_attribute("datetime", "2026-01-01T00:00Z")
        page.locator(".live").get_by_role("link", name="Reload").click()
        expect(row(page, "AAA")).to_be_visible()

    def test_of_an_idle_tab_takes_five_kilobytes_a_minute_at_most(self, open_page):  # noqa: F811
        page = open_page("/")
        arrive(60, last_seen_at=YESTERDAY, first_seen_at=YESTERDAY)
        page.reload()
        with page.expect_event("requestfinished", lambda request: "/news/" in request.url) as asked:
            page.locator("#list").dispatch_event("refresh")
        sizes = asked.value.sizes()
        assert asked.value.response().status == 204
        assert 4 * sum(sizes.values()) <= 5_000, sizes

    def test_can_be_stopped_and_stays_so(self, open_page):  # noqa: F811
        page = open_page("/")
        page.click("[data-live]")
        page.reload()
        expect(page.locator("[data-live]")).to_have_attribute("aria-pressed", "false")
        expect(page.get_by_text("Paused")).to_be_visible()


class TestSyncPage:
    def test_changes_by_itself_but_not_under_a_press(self, open_page):  # noqa: F811
        page = open_page("/sync/")
        page.evaluate("window.began = document.querySelector('#sync')")
        box = page.locator("#start-acme").bounding_box()
        page.mouse.move(box["x"] + 5, box["y"] + 5)
        page.mouse.down()
        run = make_run(integration=Integration.objects.get(slug="beta"))
        with page.expect_response("**/sync/"):
            page.locator("#sync").dispatch_event("refresh")
        assert page.evaluate("window.began.isConnected")
        page.mouse.move(0, 0)
        page.mouse.up()
        expect(page.locator(".runs tbody th").first).to_have_text(str(run.pk))

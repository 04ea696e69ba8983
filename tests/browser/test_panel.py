"""The panel in a frame: the sandbox stands in for Zendesk's page, its signed start and its script."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Frame, Page, expect

from linking import registry
from linking.models import ConfigVersion, Conflict, Integration
from sandbox.server import SandboxServer
from sandbox.support.panel import APP_FILE
from sandbox.world.box import Box, load_config
from tests.browser.keys import press
from tests.browser.test_pages import AXE, RULES, only_looks
from tests.factories import make_integration, make_link, make_login_user, make_visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIENCE = "https://sandbox.zendesk.com/api/v2/apps/installations/5002.json"
DEMO = json.loads((APP_FILE.parent / "demo_integration_messaging.json").read_text(encoding="utf-8"))
REFUSED = {
    "expired": "expired", "foreign-key": "signature", "foreign-installation": "audience", "foreign-account": "issuer",
    "none": "no_token",
}  # fmt: skip


@dataclass
class Desk:
    """An agent's page. `said` is what the console complained of."""

    page: Page
    url: str
    people: list[Any]
    said: list[str]

    def open(
        self, location: str = "ticket_sidebar", *, start: str = "good", theme: str = "light", host: str = ""
    ) -> None:
        base = self.url.replace("127.0.0.1", host) if host else self.url
        self.page.goto(f"{base}/support/agent/apps/{location}?app=acme&start={start}&theme={theme}")

    def choose(self, place: int) -> None:
        self.page.locator("#person").select_option(str(place))

    @property
    def app(self) -> Any:
        return self.page.frame_locator("#app")

    @property
    def frame(self) -> Frame:
        found = self.page.frame(name="app")
        assert found is not None
        return found


@pytest.fixture
def desk(chromium: Browser, live_server, settings) -> Iterator[Desk]:
    """A sandbox whose first user is proven, whose second one claims an ID, and who knows everybody by number."""
    settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True}
    box = Box(config=load_config(token="t", bridge=live_server.url))
    with SandboxServer(host="127.0.0.1", port=0, box=box) as server:
        server.start_in_thread()
        users = [user for user in box.support.people.users.values() if user.role == "end-user"]
        make_records(users, url=server.url)
        context = chromium.new_context(viewport={"width": 1100, "height": 900})
        page = context.new_page()
        desk = Desk(page, server.url, users, [])
        page.on("pageerror", lambda error: desk.said.append(str(error)))
        page.on("console", lambda line: desk.said.append(line.text) if "Content Security" in line.text else None)
        yield desk
        context.close()
        server.shutdown()


def make_records(users: list[Any], *, url: str) -> None:
    acme = make_integration(
        secrets={"zendesk_access_token": ""}, zendesk_product="messaging", zendesk_key_id="key",
        zendesk_subdomain="sandbox", zendesk_api_url=f"{url}/support/api/v2", zendesk_app_audience=AUDIENCE,
        zendesk_app_public_key=DEMO["zendesk_app_public_key"],
    )  # fmt: skip
    now = timezone.now()
    proof = {"first_authenticated_at": now - timedelta(days=2), "last_authenticated_at": now, "tokens_issued": 2}
    known = [user for user in users if user.external_id][:2]
    for user, evidence in zip(known, (proof, {}), strict=True):
        player = make_login_user(
            integration=acme, user_id=user.external_id, name=user.name, email="ada@player.example", **evidence
        )
        visitor = make_visitor(integration=acme, visitor_id=str(user.id), name=user.name, last_chat_id="")
        make_link(visitor=visitor, login_user=player, last_confirmed_at=now)
        if evidence:
            second = make_visitor(integration=acme, visitor_id="77", name="Ada at work", last_chat_id="")
            make_link(visitor=second, login_user=player, last_confirmed_at=now)
        else:
            Conflict.objects.create(
                integration=acme, kind="relinked", visitor=visitor, login_user=player, subject="relinked|x",
                first_seen_at=now, last_seen_at=now,
            )  # fmt: skip


def is_card(one: Any) -> bool:
    """Whether a request or a response is about a card."""
    return one.url.endswith("/card")


def find_flaws(frame: Frame) -> list[Any]:
    """What axe finds in the panel alone."""
    frame.evaluate(f"() => {{ {AXE} }}")
    found = frame.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]]


def find_places(desk: Desk) -> list[int]:
    return [place for place, user in enumerate(desk.people) if user.external_id]


class TestGoodStart:
    def test_shows_who_the_person_is_without_a_click(self, desk: Desk):
        desk.open()
        first = desk.people[find_places(desk)[0]]
        expect(desk.app.locator("#name bdi")).to_have_text(first.name)
        expect(desk.app.locator("[data-slot=user_id]")).to_have_text(first.external_id)
        expect(desk.app.locator(".why")).to_have_text("Proven: the player signed in through Login.")
        expect(desk.app.locator("header .state-good")).to_have_text("Proven")
        expect(desk.app.get_by_role("link", name="Ada at work")).to_be_visible()
        expect(desk.app.locator("[data-link=publisher]")).to_have_attribute("target", "_blank")
        assert desk.said == []

    def test_keeps_nothing_in_the_browser(self, desk: Desk):
        desk.open()
        expect(desk.app.locator("#name bdi")).not_to_be_empty()
        kept = desk.page.context.storage_state()
        assert (kept["cookies"], kept["origins"]) == ([], [])

    def test_has_the_height_of_what_it_shows(self, desk: Desk):
        desk.open()
        expect(desk.app.locator("#card")).to_be_visible()
        desk.page.wait_for_function("parseInt(document.getElementById('app').style.height) > 200")
        expect(desk.app.locator("#again")).to_be_in_viewport()

    def test_follows_the_person_of_the_page(self, desk: Desk):
        desk.open()
        one, other = find_places(desk)[:2]
        expect(desk.app.locator("#name bdi")).to_have_text(desk.people[one].name)
        desk.choose(other)
        expect(desk.app.locator("#name bdi")).to_have_text(desk.people[other].name)
        expect(desk.app.locator("#conflicts")).to_have_text("Open conflict")
        expect(desk.app.locator(".why")).to_contain_text("Disputed")
        desk.choose(len(desk.people) + 1)
        expect(desk.app.locator("#nobody")).to_be_visible()
        expect(desk.app.locator("#card")).to_be_hidden()

    def test_says_that_a_person_is_unknown(self, desk: Desk):
        desk.open()
        desk.choose(len(desk.people))
        expect(desk.app.locator("#unknown")).to_contain_text("zdbridge does not know this player")
        expect(desk.app.locator("[data-slot=zendesk_id]")).to_have_text("00000000-0000-4000-8000-000000000000")

    def test_copies_the_id(self, desk: Desk):
        desk.open()
        button = desk.app.get_by_role("button", name="Copy the user ID")
        button.click()
        expect(desk.app.locator("#copied")).to_have_text("Copied")
        desk.page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<textarea id=paste></textarea>')")
        desk.page.locator("#paste").focus()
        press(desk.page, "Control+V")
        assert desk.page.locator("#paste").input_value() == desk.people[find_places(desk)[0]].external_id

    def test_shows_the_user_of_a_users_page(self, desk: Desk):
        desk.open("user_sidebar")
        expect(desk.app.locator("#name bdi")).to_have_text(desk.people[find_places(desk)[0]].name)

    def test_renews_its_pass(self, desk: Desk):
        passes = []
        desk.page.on(
            "request", lambda one: passes.append(one.headers["authorization"]) if one.url.endswith("/card") else None
        )
        desk.open()
        expect(desk.app.locator("#card")).to_be_visible()
        Integration.objects.update(name="Acme, renamed")
        desk.page.wait_for_timeout(1100)  # a pass of the same second is the same text
        with desk.page.expect_response(lambda one: one.url.endswith("/card")):
            desk.app.locator("#again").click()
        with desk.page.expect_response(lambda one: one.url.endswith("/card")):
            desk.app.locator("#again").click()
        assert len(set(passes)) > 1

    def test_says_when_its_time_is_over_and_leaves_the_way_out(self, desk: Desk):
        desk.open()
        expect(desk.app.locator("#card")).to_be_visible()
        Integration.objects.update(zendesk_app_public_key="")
        ConfigVersion.bump()
        registry.refresh()
        desk.app.locator("#again").click()
        expect(desk.app.locator("#ended")).to_contain_text("Reload the apps")
        expect(desk.app.locator("#card")).to_be_hidden()
        expect(desk.app.locator("[data-slot=zendesk_id]")).not_to_be_empty()

    def test_says_that_zdbridge_is_away(self, desk: Desk):
        desk.page.route("**/panel/acme/card", lambda route: route.abort())
        desk.open()
        expect(desk.app.locator("#away")).to_contain_text("tries again by itself")


class TestChat:
    def test_reads_the_visitor_from_the_nick(self, desk: Desk):
        asked = []
        desk.page.on("request", lambda one: asked.append(one.post_data_json) if one.url.endswith("/card") else None)
        desk.open("chat_sidebar")
        expect(desk.app.locator("#unknown")).to_be_visible()
        assert asked[0]["visitor_id"].startswith("visitor:7700123-")


class TestRefusedStart:
    @pytest.mark.parametrize("start", REFUSED)
    def test_says_why_and_shows_what_zendesk_knows(self, desk: Desk, start: str):
        desk.open(start=start)
        expect(desk.app.locator("#refused")).to_have_attribute("data-reason", REFUSED[start])
        place = find_places(desk)[0]
        expect(desk.app.locator("[data-slot=zendesk_id]")).to_have_text(desk.people[place].external_id)
        link = desk.app.locator("[data-link=publisher_setting]")
        expect(link).to_have_attribute(
            "href", f"https://publisher.xsolla.com/77001/projects/44056/login/users/{desk.people[place].external_id}"
        )
        expect(desk.app.locator("#card")).to_be_hidden()

    def test_is_the_same_start_again(self, desk: Desk):
        desk.open()
        expect(desk.app.locator("#card")).to_be_visible()
        desk.open(start="replayed")
        expect(desk.app.locator("#refused")).to_have_attribute("data-reason", "replayed")

    def test_is_every_start_before_the_key_is_set(self, desk: Desk):
        Integration.objects.update(zendesk_app_public_key="")
        ConfigVersion.bump()
        registry.refresh()
        desk.open()
        expect(desk.app.locator("#refused")).to_contain_text("not connected to zdbridge yet")
        expect(desk.app.locator("[data-slot=zendesk_id]")).not_to_be_empty()


class TestFrame:
    def test_is_refused_to_another_site(self, desk: Desk):
        """The same page under another name of this machine is another site to the browser."""
        with desk.page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            desk.open(host="localhost")
        desk.frame.wait_for_url("chrome-error://**", wait_until="commit")


class TestTheme:
    def test_is_zendesks(self, desk: Desk):
        desk.open(theme="dark")
        html = desk.app.locator("html")
        expect(html).to_have_attribute("data-theme", "dark")
        desk.page.locator("#theme").select_option("light")
        expect(html).to_have_attribute("data-theme", "light")


class TestAccessibility:
    @pytest.mark.parametrize(("theme", "width"), only_looks(("light", 320), ("dark", 320), ("light", 390)))
    def test_axe_finds_nothing(self, desk: Desk, theme: str, width: int):
        desk.open(theme=theme)
        desk.page.add_style_tag(content=f"main {{ grid-template-columns: minmax(0, 1fr) {width}px !important }}")
        found = []
        for place in (*find_places(desk)[:2], len(desk.people)):
            desk.choose(place)
            expect(desk.app.locator("#loading")).to_be_hidden()
            found += find_flaws(desk.frame)
            assert desk.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert found == []

"""The shop's Messaging widget in a browser. A stand-in for the bridge signs the JWT; the sandbox judges it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from sandbox.jwt import encode_hs256
from sandbox.server import SandboxServer
from sandbox.support.people import SandboxUser
from sandbox.world.box import Box, load_config

pytestmark = [pytest.mark.browser, pytest.mark.storeless]
NADIA = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"


@dataclass
class Shop:
    page: Page
    box: Box
    url: str
    claims: dict[str, Any]

    def sign_in(self, player: str = "nadia") -> None:
        self.page.goto(f"{self.url}/shop/")
        self.page.locator(f"#player-{player}").click()
        expect(self.page.locator("#who")).to_contain_text(player.capitalize())

    def open(self) -> None:
        self.page.locator("#open-messaging").click()
        expect(self.page.locator("#messaging-message")).to_be_enabled()

    def write(self, text: str = "My cape is missing") -> None:
        self.page.locator("#messaging-message").fill(text)
        self.page.locator("#messaging-send").click()
        expect(self.page.locator("#messaging-messages li", has_text=text)).to_be_visible()


@pytest.fixture
def shop(chromium: Browser) -> Iterator[Shop]:
    """A sandbox of its own and a page whose calls of the bridge are answered here."""
    box = Box(config=load_config(token="t", bridge="http://127.0.0.1:1"))
    with SandboxServer(host="127.0.0.1", port=0, box=box) as server:
        server.start_in_thread()
        context = chromium.new_context()
        page = context.new_page()
        shop = Shop(page, box, server.url, {})

        def give_token(route: Route) -> None:
            ((key_id, secret),) = box.config.messaging_keys.items()
            claims = {"external_id": NADIA, "scope": "user", "name": "Nadia", "exp": int(box.clock()) + 300}
            claims |= shop.claims
            token = encode_hs256(claims=claims, secret=secret, header={"alg": "HS256", "typ": "JWT", "kid": key_id})
            allowed = {"Access-Control-Allow-Origin": server.url, "Access-Control-Allow-Credentials": "true"}
            route.fulfill(json={"token": token}, headers=allowed)

        page.route(re.compile(r"^http://127\.0\.0\.1:1/generate/token/demo-messaging$"), give_token)
        yield shop
        context.close()
        server.shutdown()


class TestMessaging:
    def test_signs_in_and_makes_a_support_user_of_the_first_message(self, shop: Shop):
        shop.sign_in()
        shop.open()
        expect(shop.page.locator("#messaging-status")).to_have_attribute("data-authenticated", "true")
        expect(shop.page.locator("#messaging-external-id")).to_have_text(NADIA)
        expect(shop.page.locator("#ticket-id")).to_have_text("none")
        shop.write()
        expect(shop.page.locator("#ticket-id")).to_have_text("1001")
        shop.page.locator("#support-user-id").click()
        expect(shop.page.locator("dl")).to_contain_text(NADIA)

    def test_waits_for_a_person_with_a_bot(self, shop: Shop):
        shop.box.support.switches.bot = True
        shop.sign_in()
        shop.open()
        shop.write()
        expect(shop.page.locator("#ticket-id")).to_have_text("none")
        shop.page.locator("#hand-over").click()
        expect(shop.page.locator("#ticket-id")).to_have_text("1001")

    def test_joins_what_was_written_before_the_sign_in(self, shop: Shop):
        shop.page.goto(f"{shop.url}/shop/")
        shop.open()
        shop.write()
        expect(shop.page.locator("#messaging-status")).to_have_attribute("data-authenticated", "false")
        shop.page.locator("#player-nadia").click()
        expect(shop.page.locator("#messaging-external-id")).to_have_text(NADIA)
        expect(shop.page.locator("#messaging-messages")).to_contain_text("My cape is missing")

    def test_shows_a_ticket_that_comes_late(self, shop: Shop):
        shop.box.support.switches.support_delay_s = 0.5
        shop.sign_in()
        shop.open()
        shop.write()
        expect(shop.page.locator("#ticket-id")).to_have_text("1001")

    def test_with_the_address_of_another_stays_anonymous(self, shop: Shop):
        shop.box.support.people.put(SandboxUser(21_478_899_000_001, "Other", "nadia@player.example", "crm-1"))
        shop.claims = {"email": "nadia@player.example", "email_verified": True}
        shop.sign_in()
        shop.open()
        expect(shop.page.locator("#messaging-reason")).to_contain_text("refused the token (409), email_taken")
        expect(shop.page.locator("#messaging-status")).to_have_attribute("data-authenticated", "false")

    def test_opens_without_the_bridge(self, shop: Shop):
        shop.page.unroute_all()
        shop.sign_in()
        shop.open()
        expect(shop.page.locator("#messaging-reason")).to_contain_text("The bridge did not answer")

    @pytest.mark.parametrize("width", [1440, 390])
    def test_stays_inside_the_window(self, shop: Shop, width: int):
        shop.page.set_viewport_size({"width": width, "height": 900})
        shop.sign_in()
        shop.open()
        shop.write("a" * 200)
        # The page may be laid out anew in this moment.
        shop.page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)

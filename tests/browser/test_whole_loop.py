"""The product's promise, driven as a stranger would: two commands' worth of software, one chat, one link."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 120.0
LINKED_WITHIN_MS = 60_000
PLAYER_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.storeless]


@dataclass(frozen=True)
class Running:
    """What `up` said when it was ready."""

    dashboard: str
    shop: str
    passwords: dict[str, str]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    ports = {"ZDBRIDGE_PORT": str(_free_port()), "ZDBRIDGE_SANDBOX_PORT": str(_free_port())}
    return kept | ports | {"ZDBRIDGE_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}


def _until_ready(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while "Press Ctrl-C to stop everything" not in (text := log.read_text()):
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`manage.py up` with a data folder of its own, ended by SIGTERM."""
    folder = tmp_path_factory.mktemp("up")
    log = folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=_environment(folder / "data"),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        text = _until_ready(log, process)
        yield Running(
            dashboard=re.search(r"Dashboard\s+(\S+)/", text)[1],
            shop=re.search(r"Demo shop\s+(\S+)", text)[1],
            passwords=dict(re.findall(r"^\s+(agent|lead|admin)\s+(\S+)\s+group", text, re.M)),
        )
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """One browser profile: the shop's cookie and the dashboard's session live side by side, as they would."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def _chat_as(page: Page, *, running: Running, player: str, message: str) -> tuple[str, str]:
    """Sign a player in, chat, end the chat; return the visitor ID and the user ID that the widget showed."""
    page.goto(running.shop)
    page.locator(f"#player-{player}").click()
    page.locator("#open-chat").click()
    expect(page.locator("#chat-status")).to_have_attribute("data-authenticated", "true")
    visitor_id = page.locator("#visitor-id").inner_text()
    user_id = page.locator("#external-id").inner_text()
    page.locator("#message").fill(message)
    page.locator("#send").click()
    expect(page.locator("#messages")).to_contain_text(message)
    page.locator("#end-chat").click()
    return visitor_id, user_id


def _keep_chatting_as(page: Page, *, running: Running, player: str) -> tuple[str, str]:
    """Sign a player in and write into a chat that stays open; return the visitor ID and the user ID."""
    page.goto(running.shop)
    page.locator(f"#player-{player}").click()
    page.locator("#open-chat").click()
    expect(page.locator("#chat-status")).to_have_attribute("data-authenticated", "true")
    page.locator("#message").fill("Is anybody there?")
    page.locator("#send").click()
    expect(page.locator("#messages")).to_contain_text("Is anybody there?")
    return page.locator("#visitor-id").inner_text(), page.locator("#external-id").inner_text()


def _write_as(page: Page, *, running: Running, player: str) -> tuple[str, str]:
    """Sign a player in and write by Messaging; return the Support user's ID and the user ID."""
    page.goto(running.shop)
    page.locator(f"#player-{player}").click()
    page.locator("#open-messaging").click()
    expect(page.locator("#messaging-status")).to_have_attribute("data-authenticated", "true")
    expect(page.locator("#ticket-id")).to_have_text("none")
    page.locator("#messaging-message").fill("My fox is lost")
    page.locator("#messaging-send").click()
    expect(page.locator("#support-user-id")).to_have_text(re.compile(r"^\d{14}$"))
    return page.locator("#support-user-id").inner_text(), page.locator("#messaging-external-id").inner_text()


def _control(running: Running, name: str, **wishes: object) -> None:
    """Have the sandbox behave in another way."""
    address = f"{running.shop.partition('/shop')[0]}/_control/{name}"
    with urllib.request.urlopen(urllib.request.Request(address, data=json.dumps(wishes).encode()), timeout=30):
        pass


@contextmanager
def _failing(running: Running, *, path: str) -> Iterator[None]:
    """Let Zendesk fail for the length of a block."""
    _control(running, "faults", status=503, path=path)
    try:
        yield
    finally:
        _control(running, "faults", every=0)


def _sign_in(page: Page, *, running: Running, person: str) -> None:
    page.goto(f"{running.dashboard}/accounts/login/")
    page.locator("input[name=login]").fill(person)
    page.locator("input[name=password]").fill(running.passwords[person])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("main")).to_be_visible()


class TestTheWholeLoop:
    def test_links_the_visitor_who_chats_to_the_player_who_signed_in(self, running: Running, page: Page) -> None:
        visitor_id, user_id = _chat_as(page, running=running, player="nadia", message="My cape is missing")
        assert PLAYER_ID.fullmatch(user_id)
        _sign_in(page, running=running, person="lead")
        page.goto(f"{running.dashboard}/?q={user_id}&state=linked")
        row = page.get_by_role("row").filter(has_text=visitor_id)
        # The list is told, and moves when somebody presses; the visitor may have been there before it was opened.
        news = page.locator("[data-live-show]")
        expect(row.or_(news).first).to_be_visible(timeout=LINKED_WITHIN_MS)
        if not row.is_visible():
            news.click()
        expect(row).to_be_visible()
        page.goto(f"{running.dashboard}/visitors/{visitor_id}/")
        expect(page.locator("main")).to_contain_text(user_id)

    @pytest.mark.parametrize(("way", "player"), [("webhook", "nadia"), ("poll", "zoe")])
    def test_links_the_support_user_of_a_conversation_as_well(
        self, running: Running, page: Page, way: str, player: str
    ) -> None:
        if way == "poll":
            # Without events the feed alone tells. Zendesk holds back its last minute, which is no work of ours.
            _control(running, "support/webhook", url="")
            _control(running, "support", hold_back_s=0)
        _sign_in(page, running=running, person="lead")
        support_id, user_id = _write_as(page, running=running, player=player)
        began = time.monotonic()
        # The list and not the visitor's own page, which would itself have Zendesk asked for a visitor it does not know.
        row = page.get_by_role("row").filter(has_text=support_id)
        while page.goto(f"{running.dashboard}/?q={user_id}&state=linked") and not row.is_visible():
            assert time.monotonic() < began + LINKED_WITHIN_MS / 1000
            page.wait_for_timeout(200)
        print(f"linked by {way} after {time.monotonic() - began:.1f} s")

    def test_leaves_a_player_without_email_anonymous_and_says_why(self, running: Running, page: Page) -> None:
        page.goto(running.shop)
        page.locator("#player-kai").click()
        page.locator("#open-chat").click()
        expect(page.locator("#chat-reason")).to_contain_text("00-03")
        expect(page.locator("#chat-status")).to_have_attribute("data-authenticated", "false")

    def test_refuses_a_session_that_has_ended(self, running: Running, page: Page) -> None:
        page.goto(running.shop)
        page.locator("#player-eve").click()
        page.locator("#open-chat").click()
        expect(page.locator("#chat-reason")).to_contain_text("00-01")

    def test_shows_the_user_of_a_chat_that_is_still_open(self, running: Running, page: Page) -> None:
        visitor_id, user_id = _keep_chatting_as(page, running=running, player="zoe")
        _sign_in(page, running=running, person="agent")
        search = page.locator("#search")
        search.fill(visitor_id.replace(".", "-", 1))  # as Zendesk's own pages write it
        search.press("Enter")
        expect(page.locator("main")).to_contain_text(user_id)
        expect(page.locator("main")).to_contain_text("No finished chat yet")

    def test_fills_in_by_itself_once_zendesk_answers_again(self, running: Running, page: Page) -> None:
        visitor_id, user_id = _keep_chatting_as(page, running=running, player="omar")
        _sign_in(page, running=running, person="agent")
        with _failing(running, path="/visitors/"):
            page.goto(f"{running.dashboard}/visitors/{visitor_id}/")
            expect(page.get_by_role("heading", name="Waiting for Zendesk")).to_be_visible()
        expect(page.locator("main")).to_contain_text(user_id, timeout=LINKED_WITHIN_MS)

    def test_says_that_zendesk_has_no_such_visitor(self, running: Running, page: Page) -> None:
        _sign_in(page, running=running, person="agent")
        page.locator("#search").fill("7700123-nobodyHasThis1")
        page.locator("#search").press("Enter")
        expect(page.get_by_role("heading", name="Zendesk has no visitor with this ID")).to_be_visible()

"""The snippets that the set-up page hands out, run as they are: player A, sign-out, player B on one browser profile."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import jwt
import pytest
from playwright.sync_api import expect

from linking.dashboard.setup.snippet_files import fill
from linking.doctor import service as doctor
from linking.doctor.verdicts import TokenKind
from tests.factories import login_jwt, make_integration

ROOT = Path(__file__).resolve().parents[2]
DEMO = json.loads((ROOT / "sandbox" / "demo_integration.json").read_text())
MESSAGING = json.loads((ROOT / "sandbox" / "demo_messaging.json").read_text())
STAND_INS = (Path(__file__).parent / "stand_ins.js").read_text()
ANNA, BORIS = "aaaaaaaa-1111-4222-8333-444455556666", "bbbbbbbb-1111-4222-8333-444455556666"
READY_WITHIN_S = 30.0
WIDGETS = ["web-sdk.js", "web-widget.js", "messaging.js"]
CHAT_WIDGETS = ["web-sdk.js", "web-widget.js"]
HOOKS = ["react-chat.js", "react-messaging.js", "vue-chat.js", "vue-messaging.js"]
# What a hook needs of its framework, in a few lines: effects that run when what they depend on changes, after the last
# one was cleaned up. `become` is what the page of the site does when a player signs in or out.
FRAMEWORKS = {
    "react": """
        let last = null;
        export function useEffect(effect, dependencies) {
          if (last && dependencies.every((one, place) => Object.is(one, last.dependencies[place]))) return;
          last?.cleanup?.();
          last = { dependencies, cleanup: effect() };
        }""",
    "vue": """
        export function ref(value) {
          const watchers = new Set();
          return {
            watchers,
            get value() { return value; },
            set value(next) {
              const before = value;
              value = next;
              if (!Object.is(before, next)) watchers.forEach((run) => run(next, before));
            },
          };
        }
        export function watch(source, callback, { immediate }) {
          let cleanup = null;
          const run = (value, before) => {
            cleanup?.();
            cleanup = null;
            callback(value, before, (next) => { cleanup = next; });
          };
          source.watchers.add(run);
          if (immediate) run(source.value, undefined);
        }""",
}
BECOME = {
    "react": "window.become = useSupportChat; become(null);",
    "vue": """import { ref } from "vue";
        const player = ref(null);
        useSupportChat(player);
        window.become = (id) => { player.value = id; };""",
}
HOOK_HTML = """<!doctype html><title>Shop</title><p id="who"></p><p id="visitor"></p><pre id="messages"></pre>
<script type="importmap">{imports}</script><script>{stand_ins}</script><script type="module">{hook}</script>"""
HTML = """<!doctype html><title>Shop</title><p id="who"></p><p id="visitor"></p><pre id="messages"></pre>
<script>{first}</script><script>{second}</script>"""

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def shop():
    """The address of a sandbox of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(port)], cwd=ROOT)
    try:
        _until_open(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=15)


def _until_open(port, process):
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


@pytest.fixture
def widget(chromium, live_server, shop):
    """Open a page of the shop with a snippet in it, as whoever `sign_in` made the browser."""
    context = chromium.new_context()

    def opened(name, *, player, secret=""):
        account = MESSAGING if "messaging" in name else DEMO
        make_integration(
            secrets={"zendesk_shared_secret": secret or account["zendesk_shared_secret"]},
            zendesk_account_key=DEMO["zendesk_account_key"],
            allowed_origins=[shop],
            zendesk_product=account["zendesk_product"],
            zendesk_key_id=account["zendesk_key_id"],
        )
        # The cookie belongs to 127.0.0.1, whatever the port, and not to localhost.
        bridge = live_server.url.replace("localhost", "127.0.0.1")
        values = {"token_url": f"{bridge}/generate/token/acme", "account_key": DEMO["zendesk_account_key"]}
        code = fill(name=name, values=values)
        page = context.new_page()
        sign_in(page, shop=shop, player=player)
        # A document that really came from the shop's address: Chromium keeps one that was made up here from loopback.
        page.goto(f"{shop}/shop/shop.css")
        page.set_content(build_page(name, code))
        return page

    yield opened
    context.close()


def build_page(name, code):
    framework = name.partition("-")[0]
    if framework in FRAMEWORKS:
        module = f"data:text/javascript,{quote(FRAMEWORKS[framework])}"
        imports = json.dumps({"imports": {framework: module}})
        return HOOK_HTML.format(imports=imports, stand_ins=STAND_INS, hook=f"{code}\n{BECOME[framework]}")
    # The classic widget reads its settings when it loads, the others are called when they are there.
    first, second = (code, STAND_INS) if name == "web-widget.js" else (STAND_INS, code)
    return HTML.format(first=first, second=second)


def sign_in(page, *, shop, player):
    token = login_jwt(sub=player, email=f"{player[:4]}@player.example")
    page.context.add_cookies([{"name": "token", "value": token, "url": shop, "httpOnly": True, "sameSite": "Lax"}])


def taken(page):
    return [jwt.decode(one, options={"verify_signature": False})["external_id"] for one in page.evaluate("taken")]


def begin(page, name):
    if name != "web-widget.js":  # the classic one signs in by itself when it loads
        page.evaluate("signInToChat()")
    expect(page.locator("#who")).to_have_text(ANNA)


def become(page, player):
    page.evaluate("id => become(id)", player)
    expect(page.locator("#who")).to_have_text(player)


class TestSnippets:
    @pytest.mark.parametrize("name", WIDGETS)
    def test_sign_the_player_in(self, widget, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        assert (taken(page), page.evaluate("refused")) == ([ANNA], [])

    @pytest.mark.parametrize("name", WIDGETS)
    def test_hand_over_what_the_doctor_finds_good(self, widget, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        token = page.evaluate("taken[0]")
        assert doctor.diagnose_paste(text=token, kind=TokenKind.ZENDESK, slug="acme", now=time.time()).is_accepted

    @pytest.mark.parametrize("name", WIDGETS)
    def test_sign_the_player_out(self, widget, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        page.evaluate("signOutOfChat()")
        expect(page.locator("#who")).to_have_text("")

    @pytest.mark.parametrize("name", CHAT_WIDGETS)
    def test_show_the_second_player_nothing_of_the_first(self, widget, shop, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        page.evaluate("say('only Anna may read this')")
        expect(page.locator("#messages")).to_contain_text("only Anna")
        first = page.locator("#visitor").inner_text()
        sign_in(page, shop=shop, player=BORIS)
        page.evaluate("switchPlayerInChat()")
        expect(page.locator("#who")).to_have_text(BORIS)
        assert "Anna" not in page.locator("body").inner_text()
        assert (page.locator("#visitor").inner_text() != first, page.evaluate("refused")) == (True, [])

    def test_show_the_second_player_of_messaging_as_himself(self, widget, shop):
        page = widget("messaging.js", player=ANNA)
        begin(page, "messaging.js")
        sign_in(page, shop=shop, player=BORIS)
        page.evaluate("switchPlayerInChat()")
        expect(page.locator("#who")).to_have_text(BORIS)
        assert (taken(page), page.evaluate("refused")) == ([ANNA, BORIS], [])

    def test_say_that_messaging_refused_the_token(self, widget):
        page = widget("messaging.js", player=ANNA, secret="a-signing-key-that-messaging-does-not-know")
        with page.expect_console_message(lambda line: "Zendesk refused the sign-in: invalid_auth" in line.text):
            page.evaluate("signInToChat()")
        assert (page.evaluate("refused"), page.locator("#who").inner_text()) == (["signature"], "")

    @pytest.mark.parametrize("name", WIDGETS)
    def test_throw_away_a_token_that_comes_after_sign_out(self, widget, shop, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        held = []
        page.route("**/generate/token/acme", lambda route: route.continue_() if held else held.append(route))
        with page.expect_request("**/generate/token/acme"):
            page.evaluate("signInToChat()")
        page.evaluate("signOutOfChat()")
        sign_in(page, shop=shop, player=BORIS)
        page.evaluate("signInToChat()")
        expect(page.locator("#who")).to_have_text(BORIS)
        before = taken(page)
        late = login_jwt(sub=ANNA)
        with page.expect_response("**/generate/token/acme"):
            held[0].fulfill(
                json={"token": late},
                headers={"Access-Control-Allow-Origin": shop, "Access-Control-Allow-Credentials": "true"},
            )
        expect(page.locator("#who")).to_have_text(BORIS)
        assert taken(page) == before

    @pytest.mark.parametrize("name", WIDGETS)
    def test_stay_anonymous_without_a_player(self, widget, name):
        page = widget(name, player=ANNA)
        begin(page, name)
        page.context.clear_cookies(name="token")
        with page.expect_console_message(lambda line: "00-00 not_passed" in line.text):
            page.evaluate("switchPlayerInChat()")
        # The refusal can come before the widget has signed the last player out: the two go their ways side by side.
        expect(page.locator("#who")).to_have_text("")


class TestHooks:
    @pytest.mark.parametrize("name", HOOKS)
    def test_sign_the_player_in(self, widget, name):
        page = widget(name, player=ANNA)
        become(page, ANNA)
        assert (taken(page), page.evaluate("refused")) == ([ANNA], [])

    @pytest.mark.parametrize("name", HOOKS)
    def test_do_nothing_while_nobody_is_signed_in(self, widget, name):
        page = widget(name, player=ANNA)
        page.evaluate("become(null)")
        become(page, ANNA)
        assert taken(page) == [ANNA]

    @pytest.mark.parametrize("name", HOOKS)
    def test_sign_the_player_out(self, widget, name):
        page = widget(name, player=ANNA)
        become(page, ANNA)
        page.evaluate("become(null)")
        expect(page.locator("#who")).to_have_text("")

    @pytest.mark.parametrize("name", HOOKS)
    def test_show_the_second_player_as_himself(self, widget, shop, name):
        page = widget(name, player=ANNA)
        become(page, ANNA)
        sign_in(page, shop=shop, player=BORIS)
        become(page, BORIS)
        assert (taken(page), page.evaluate("refused")) == ([ANNA, BORIS], [])

    @pytest.mark.parametrize("name", HOOKS)
    def test_throw_away_a_token_that_comes_after_sign_out(self, widget, shop, name):
        page = widget(name, player=ANNA)
        held = []
        page.route("**/generate/token/acme", lambda route: route.continue_() if held else held.append(route))
        with page.expect_request("**/generate/token/acme"):
            page.evaluate("id => become(id)", ANNA)
        page.evaluate("become(null)")
        sign_in(page, shop=shop, player=BORIS)
        become(page, BORIS)
        with page.expect_response("**/generate/token/acme"):
            held[0].fulfill(
                json={"token": login_jwt(sub=ANNA)},
                headers={"Access-Control-Allow-Origin": shop, "Access-Control-Allow-Credentials": "true"},
            )
        expect(page.locator("#who")).to_have_text(BORIS)
        assert taken(page) == [BORIS]


class TestPlainFetch:
    def test_gets_a_token(self, widget):
        page = widget("fetch.js", player=ANNA)
        token = page.evaluate("fetchZendeskJwt()")
        assert jwt.decode(token, options={"verify_signature": False})["external_id"] == ANNA

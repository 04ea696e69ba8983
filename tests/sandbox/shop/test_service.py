import re
from urllib.parse import urlsplit

import pytest

from sandbox.world.players import PLAYERS
from tests.sandbox.client import Client


def signed_in(client: Client, player: str) -> str:
    """The Cookie header of a browser in which `player` signed in."""
    place = client.form("/login/sign-in", {"player": player}).headers["location"]
    return client.get(place).cookies[0].split(";")[0]


class TestPage:
    @pytest.mark.parametrize("element", [
        *(f"player-{player.key}" for player in PLAYERS),
        "open-chat", "chat-status", "chat-reason", "message", "send", "end-chat", "sign-out", "messages",
        "open-messaging", "messaging-status", "messaging-reason", "messaging-user-id", "messaging-external-id",
        "ticket-id", "support-user-id", "messaging-message", "messaging-send", "messaging-messages", "hand-over",
    ])  # fmt: skip
    def test_has_the_stable_elements_once(self, element: str, client: Client):
        assert client.get("/shop/").body.decode().count(f' id="{element}"') == 1

    def test_loads_nothing_from_elsewhere(self, client: Client):
        page = client.get("/shop/").body.decode()
        sources = re.findall(r'(?:src|href|action)="([^"]+)"', page)
        assert sources
        assert all(source.startswith(("/", "#")) for source in sources)

    def test_has_no_inline_script_or_style(self, client: Client):
        answer = client.get("/shop/")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r"<style|<script(?![^>]*src)|style=|onclick", answer.body.decode())

    def test_escapes_a_hostile_name(self, client: Client):
        page = client.call("GET", "/shop/", headers={"Cookie": signed_in(client, "zoe")}).body.decode()
        assert "<b>O" not in page
        assert "is signed in" in page

    @pytest.mark.parametrize("cookie", ["token=x", "token=a.b.c", 'token="><script>', "token="])
    def test_survives_any_cookie(self, cookie: str, client: Client):
        answer = client.call("GET", "/shop/", headers={"Cookie": cookie})
        assert answer.status == 200
        assert b"><script>" not in answer.body

    @pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
    def test_asks_the_bridge_under_its_own_name(self, name: str, client: Client):
        page = client.call("GET", "/shop/", headers={"Host": f"{name}:{client.port}"})
        assert f'data-bridge="http://{name}:8000"' in page.body.decode()
        assert f"connect-src 'self' http://{name}:8000;" in page.headers["content-security-policy"]

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("shop.js", "text/javascript"),
            ("messaging.js", "text/javascript"),
            ("shop.css", "text/css"),
            ("icon.svg", "image/svg"),
        ],
    )
    def test_serves_its_own_files(self, name: str, kind: str, client: Client):
        answer = client.get(f"/shop/{name}")
        assert (answer.status, answer.headers["content-type"].startswith(kind)) == (200, True)

    @pytest.mark.parametrize(
        "name", ["shop.html", "..%2Fbox.py", "..%2F..%2Fmanage.py", "%00", "nothing.js", "..%2Fpages%2Fshop.js"]
    )
    def test_and_no_others(self, name: str, client: Client):
        assert client.get(f"/shop/{name}").status == 404

    @pytest.mark.parametrize("path", ["/", "/shop"])
    def test_is_found_from_the_bare_address(self, path: str, client: Client):
        answer = client.get(path)
        assert (answer.status, answer.headers["location"]) == (303, "/shop/")


class TestCallback:
    def test_sets_the_cookie_and_goes_to_the_shop(self, client: Client):
        answer = client.get(client.form("/login/sign-in", {"player": "nadia"}).headers["location"])
        assert (answer.status, answer.headers["location"]) == (303, "/shop/")
        assert answer.cookies[0].startswith("token=ey")
        assert answer.cookies[0].endswith("; Path=/; HttpOnly; SameSite=Lax")

    @pytest.mark.parametrize("token", ["", "x", "a.b.c; Domain=evil", "a.b.c\r\nSet-Cookie: x=y", "a.b." + "c" * 5000])
    def test_refuses_what_is_no_jwt(self, token: str, client: Client):
        answer = client.get("/shop/callback", token=token)
        assert (answer.status, answer.cookies) == (400, [])

    def test_another_person_ends_the_chat_of_the_one_before(self, client: Client):
        widget = client.call("POST", "/widget/connect", {}).cookies[0].split(";")[0]
        client.call("POST", "/widget/messages", {"text": "Hi"}, {"Cookie": widget})
        before = client.chat("/chats/search", q="type:chat")["count"]
        place = client.form("/login/sign-in", {"player": "zoe"}).headers["location"]
        answer = client.call("GET", place, headers={"Cookie": f"{signed_in(client, 'nadia')}; {widget}"})
        assert any(cookie.startswith("sandbox_widget=;") for cookie in answer.cookies)
        assert client.chat("/chats/search", q="type:chat")["count"] == before + 1

    def test_another_person_logs_messaging_out(self, client: Client):
        widget = client.call("POST", "/messaging/connect", {}).cookies[0].split(";")[0]
        place = client.form("/login/sign-in", {"player": "zoe"}).headers["location"]
        answer = client.call("GET", place, headers={"Cookie": f"{signed_in(client, 'nadia')}; {widget}"})
        assert any(cookie.startswith("sandbox_messaging=;") for cookie in answer.cookies)

    def test_the_first_person_keeps_what_was_written_before(self, client: Client):
        widget = client.call("POST", "/messaging/connect", {}).cookies[0].split(";")[0]
        client.call("POST", "/messaging/messages", {"text": "Hi"}, {"Cookie": widget})
        place = client.form("/login/sign-in", {"player": "zoe"}).headers["location"]
        client.call("GET", place, headers={"Cookie": widget})
        assert 'data-talking="true"' in client.call("GET", "/shop/", headers={"Cookie": widget}).body.decode()


class TestSignOut:
    def test_clears_both_cookies(self, client: Client):
        answer = client.form("/shop/sign-out", {}, {"Cookie": signed_in(client, "nadia")})
        assert (answer.status, answer.headers["location"]) == (303, "/shop/")
        assert [cookie.split(";")[0] for cookie in answer.cookies] == ["token=", "sandbox_widget="]

    def test_a_page_of_another_site_cannot(self, client: Client):
        assert client.form("/shop/sign-out", {}, {"Origin": "https://evil.example"}).status == 403


class TestScript:
    def test_calls_the_bridge_as_the_guide_does(self, client: Client):
        script = client.get("/shop/shop.js").body.decode()
        assert 'fetch(page.bridge + "/generate/token", { credentials: "include" })' in script

    def test_writes_no_markup(self, client: Client):
        for name in ("shop.js", "messaging.js", "bridge.js"):
            assert not re.search(r"innerHTML|outerHTML|document\.write|eval", client.get(f"/shop/{name}").body.decode())

    def test_the_page_names_only_its_own_origin(self, client: Client):
        page = client.get("/shop/").body.decode()
        urls = {urlsplit(url).hostname for url in re.findall(r"https?://[^\"'\s<]+", page)}
        assert urls == {"127.0.0.1"}

"""The sandbox tells of ended chats as Support's webhook would."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.world.box import Box
from sandbox.world.state import format_time
from sandbox.zendesk.webhook import sign_call
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S
from tests.sandbox.zendesk.test_widget import post, sign_in
from tests.sandbox_process import wait_until

SECRET = "a-webhook-secret-for-tests"


@pytest.fixture
def listener():
    """A server that takes calls: (path, headers, body)."""
    taken = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, dict(self.headers), body.decode()))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", taken
    server.shutdown()
    server.server_close()


def chat(client: Client, box: Box, **claims: str) -> dict[str, str]:
    """Signs in, writes, ends; answers the session's state with the chat's id."""
    state = sign_in(client, box, **claims)
    post(client, "messages", session=state["session"], text="Hello")
    return state | post(client, "end", session=state["session"])


class TestWebhook:
    def test_tells_of_an_ended_chat_with_a_signature(self, client: Client, box: Box, listener):
        url, taken = listener
        client.control("webhook", url=url, secret=SECRET)
        state = chat(client, box)
        wait_until(lambda: taken)
        path, headers, body = taken[0]
        assert path == "/hook"
        assert json.loads(body) == {
            "ticket_id": "1", "email": "p@example.com", "chat_id": state["chat_id"], "visitor_id": state["visitor_id"],
        }  # fmt: skip
        timestamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert timestamp == format_time(NOW_S)
        assert headers["X-Zendesk-Webhook-Signature"] == sign_call(secret=SECRET, timestamp=timestamp, body=body)

    def test_speaks_in_the_words_of_the_admin(self, client: Client, box: Box, listener):
        url, taken = listener
        client.control("webhook", url=url, secret=SECRET, body='{"t":"{{ ticket.id }}","n":"{{ticket.nothing}}"}')
        chat(client, box)
        wait_until(lambda: taken)
        assert taken[0][2] == '{"t":"1","n":""}'

    def test_tells_nobody_by_itself(self, client: Client, box: Box):
        chat(client, box)
        assert client.get("/_control/webhook").json() == {"url": "", "deliveries": []}

    def test_remembers_that_nobody_answered(self, client: Client, box: Box):
        client.control("webhook", url="http://127.0.0.1:9/hook", secret=SECRET)
        chat(client, box)
        wait_until(lambda: box.webhook.deliveries)
        assert client.get("/_control/webhook").json()["deliveries"][0]["status"] == 0

    @pytest.mark.parametrize(
        "url", ["https://127.0.0.1/x", "http://example.com/", "http://10.0.0.1/", "ftp://localhost/"]
    )
    def test_sends_to_this_machine_only(self, client: Client, url: str):
        assert client.call("POST", "/_control/webhook", {"url": url}).status == 400

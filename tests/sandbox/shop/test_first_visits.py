"""Players of a demo who were there first: the bridge is asked as their browsers would ask it."""

import json
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from sandbox.shop.first_visits import make_first_visits
from sandbox.support.seed import make_cast
from sandbox.world.box import Box, load_config
from sandbox.world.cast import LINKED, TOVE


@pytest.fixture
def bridge():
    """A bridge that refuses everybody, and what it was asked."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            claims = self.headers["Authorization"].split(".")[1]
            calls.append((self.path, json.loads(urlsafe_b64decode(claims + "=="))["email"]))
            self.send_response(422)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", calls
        server.shutdown()


def test_asks_once_for_each_product_where_the_bridge_answers(bridge):
    url, calls = bridge
    make_first_visits(Box(config=load_config(token="t", bridge=url)))
    assert calls == [
        ("/generate/token", "mira@player.example"),
        ("/generate/token/demo-messaging", "mira@player.example"),
        ("/generate/token/demo-messaging", "jonas.weiss@player.example"),
        ("/generate/token/demo-messaging", "tove@player.example"),
    ]


def test_one_of_them_has_a_support_user_without_external_id():
    (tove,) = [user for user in make_cast(now_s=1_796_000_000) if (user.name, user.email) == LINKED[TOVE]]
    assert tove.external_id is None

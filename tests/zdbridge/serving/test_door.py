import asyncio

import pytest

from tests.zdbridge.serving.rsgi_client import Exchange, scope_of
from zdbridge.serving.bodies import BODY_MAX_BYTES, BodyReader
from zdbridge.serving.door import Door
from zdbridge.serving.page_gate import PageGate
from zdbridge.serving.proxies import TrustedProxies

pytestmark = pytest.mark.usefixtures("begin_without_a_loop")

FORM = ("Content-Type", "application/x-www-form-urlencoded")
CHUNKED = ("Transfer-Encoding", "chunked")
MIB = b"x" * 1_048_576


def length(number):
    return ("Content-Length", str(number))


class Tokens:
    """Stands for the token route below /generate/."""

    def __init__(self, *, is_prompt=True):
        self.prompt = is_prompt

    def is_asked(self, environ):
        return environ["PATH_INFO"].startswith("/generate/")

    def is_prompt(self):
        return self.prompt

    def answer(self, environ):
        return 200, [("A", "token")], environ["REMOTE_ADDR"].encode()


def echo(environ, start_response):
    start_response("200 OK", [("A", "page")])
    return [environ["wsgi.input"].read()]


def open_door(*, application=echo, refuse_early=lambda environ: None, networks=(), **more):
    bodies = more.pop("bodies", None)
    return Door(
        tokens=Tokens(**more),
        pages=PageGate(application=application, limit=1),
        proxies=TrustedProxies(networks=networks),
        refuse_early=refuse_early,
        bodies=bodies,
    )


def come(door, scope, exchange=None):
    exchange = exchange or Exchange()
    asyncio.run(door(scope, exchange))
    return exchange


class TestTokens:
    @pytest.mark.parametrize("is_prompt", [True, False])
    def test_are_answered_without_a_look_at_the_body(self, is_prompt):
        scope = scope_of("POST", "/generate/token", headers=[length(60_000)])
        came = come(open_door(is_prompt=is_prompt), scope, Exchange([b"x"], stalls=True))
        assert (came.answer, came.read) == ((200, {"A": "token"}, b"192.0.2.7"), 0)

    def test_are_answered_to_the_address_a_trusted_proxy_names(self):
        scope = scope_of("GET", "/generate/token", headers=[("X-Forwarded-For", "198.51.100.1")])
        assert come(open_door(networks=["192.0.2.0/24"]), scope).answer[2] == b"198.51.100.1"


class TestBodies:
    def test_reach_the_application_whole(self):
        scope = scope_of("POST", headers=[FORM, length(6)])
        assert come(open_door(), scope, Exchange([b"abc", b"def"])).answer == (200, {"A": "page"}, b"abcdef")

    def test_reach_it_without_an_announced_length_too(self):
        scope = scope_of("POST", headers=[FORM, CHUNKED])
        assert come(open_door(), scope, Exchange([b"abc", b"def"])).answer[2] == b"abcdef"

    def test_are_not_waited_for_where_none_is_announced(self):
        assert come(open_door(), scope_of("POST"), Exchange(stalls=True)).answer[0] == 200

    def test_that_are_announced_as_too_large_are_not_read(self):
        scope = scope_of("POST", headers=[FORM, length(BODY_MAX_BYTES + 1)])
        came = come(open_door(), scope, Exchange([MIB, MIB]))
        assert (came.answer[0], came.read) == (413, 0)

    def test_that_turn_out_too_large_are_read_no_further(self):
        came = come(open_door(), scope_of("POST", headers=[FORM, CHUNKED]), Exchange([MIB, b"x", MIB, MIB]))
        assert (came.answer[0], came.read) == (413, 2)

    def test_of_the_largest_size_are_let_in(self):
        scope = scope_of("POST", headers=[FORM, length(BODY_MAX_BYTES)])
        assert come(open_door(), scope, Exchange([MIB])).answer[0] == 200

    @pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", " Multipart/Mixed", "multipart/"])
    def test_in_parts_are_not_read(self, kind):
        scope = scope_of("POST", "/accounts/login/", headers=[("Content-Type", kind), length(9)])
        came = come(open_door(), scope, Exchange([MIB]))
        assert (came.answer[0], came.read) == (415, 0)

    def test_that_do_not_come_in_time_end_the_connection(self):
        scope = scope_of("POST", headers=[FORM, length(60_000)])
        came = come(open_door(bodies=BodyReader(deadline_s=0.01)), scope, Exchange([b"x"], stalls=True))
        assert (came.answer[0], came.answer[1]["Connection"]) == (408, "close")

    def test_that_end_early_reach_nobody(self):
        scope = scope_of("POST", headers=[FORM, length(60_000)])
        assert come(open_door(), scope, Exchange([b"x"])).answer[0] == 400

    def test_whose_length_is_no_number_are_refused(self):
        assert come(open_door(), scope_of("POST", headers=[("Content-Length", "-1")])).answer[0] == 400

    def test_are_refused_with_a_detail_below_the_api(self):
        scope = scope_of("POST", "/api/v1/diagnose/", headers=[length(BODY_MAX_BYTES + 1)])
        _, headers, body = come(open_door(), scope).answer
        assert headers["Content-Type"] == "application/json"
        assert body.startswith(b'{"detail": "A request body can have at most 1048576 bytes')

    def test_are_refused_while_too_much_of_them_is_held(self):
        scope = scope_of("POST", headers=[FORM, length(20)])
        _, headers, _ = come(open_door(bodies=BodyReader(max_bytes=10)), scope, Exchange([b"x" * 20])).answer
        assert headers["Retry-After"] == "5"

    @pytest.mark.parametrize(
        ("parts", "more"),
        [([b"abcdef"], {}), ([b"x"], {}), ([b"x"], {"stalls": True}), ([MIB, MIB], {})],
    )
    def test_are_held_no_longer_than_they_are_needed(self, parts, more):
        bodies = BodyReader(deadline_s=0.01)
        come(open_door(bodies=bodies), scope_of("POST", headers=[FORM, length(6)]), Exchange(parts, **more))
        assert bodies.bytes_in_use == 0


class TestEarlyRefusals:
    def test_are_told_before_the_body_is_read(self):
        scope = scope_of("POST", "/api/v1/hooks/zendesk/nobody", headers=[length(60_000)])
        door = open_door(refuse_early=lambda environ: (401, [("A", "early")], b"no"))
        came = come(door, scope, Exchange([b"x"], stalls=True))
        assert (came.answer, came.read) == ((401, {"A": "early"}, b"no"), 0)


class Export:
    streaming = True

    def __init__(self, *, parts):
        self.parts = parts
        self.is_closed = False

    def __call__(self, environ, start_response):
        start_response("200 OK", [("A", "export")])
        return self

    def __iter__(self):
        yield from self.parts

    def close(self):
        self.is_closed = True


class TestLongAnswers:
    def test_are_sent_part_by_part(self):
        export = Export(parts=[b"a", b"b"])
        came = come(open_door(application=export), scope_of())
        assert (came.answer[:2], came.sent, export.is_closed) == ((200, {"A": "export"}), [b"a", b"b"], True)

    def test_are_closed_where_the_reader_has_gone(self):
        class Gone(Exchange):
            async def send_bytes(self, data):
                raise RuntimeError

        export = Export(parts=[b"a", b"b"])
        come(open_door(application=export), scope_of(), Gone())
        assert export.is_closed

import io

import pytest

import sandbox.http1
from sandbox.http1 import MalformedRequest, Request, Response, read_request
from tests.sandbox.client import CHAT, Client


def read(data: bytes) -> Request | None:
    return read_request(stream=io.BytesIO(data), peer="127.0.0.1")


class TestReadRequest:
    def test_reads_line_headers_and_body(self):
        request = read(
            b"POST /a%20b?c=d%26e HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nx-y: 2\r\nContent-Length: 2\r\n\r\nhirest"
        )
        assert (request.method, request.split_path(), request.parse_query()) == ("POST", ["a b"], {"c": "d&e"})
        assert (request.headers["x-y"], request.body) == ("1, 2", b"hi")

    def test_reads_chunks(self):
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        data = b"2\r\nhi\r\n3;x=y\r\n yo\r\n0\r\nT: 1\r\n\r\n"
        assert read(head + data).body == b"hi yo"

    def test_an_absolute_target_loses_its_host(self):
        assert read(b"GET http://h:1/p?q=1 HTTP/1.1\r\nHost: h\r\n\r\n").path == "/p"

    def test_any_token_is_a_method(self):
        assert read(b"M-SEARCH / HTTP/1.1\r\nHost: x\r\n\r\n").method == "M-SEARCH"

    def test_the_end_of_the_stream_is_none(self):
        assert read(b"") is None

    @pytest.mark.parametrize(("head", "keeps"), [
        (b"GET / HTTP/1.1\r\nHost: x", True), (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close", False),
        (b"GET / HTTP/1.0", False), (b"GET / HTTP/1.0\r\nConnection: Keep-Alive", True),
    ])  # fmt: skip
    def test_knows_whether_the_connection_goes_on(self, head: bytes, keeps: bool):
        assert read(head + b"\r\n\r\n").keep_alive is keeps

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"GET /\r\n\r\n", 400),
            (b"hello\r\n\r\n", 400),
            (b"GET / HTTP/2\r\n\r\n", 400),
            (b"GET shop HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: x", 431),
            (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n", 414),
            (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000, 431),
            (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhi", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", 413),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0_2\r\nhi\r\n0\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhi", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n", 400),
            (b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ],
    )
    def test_refuses_what_is_no_request(self, data: bytes, status: int):
        with pytest.raises(MalformedRequest) as refused:
            read(data)
        assert refused.value.status == status


class TestCookies:
    @pytest.mark.parametrize(
        ("header", "cookies"),
        [
            ("a=1; b=2", {"a": "1", "b": "2"}),
            ("a=1; a=2", {"a": "1"}),
            ('a="1"', {"a": "1"}),
            ("", {}),
            ("a; =; ;", {"": ""}),
        ],
    )
    def test_are_read(self, header: str, cookies: dict[str, str]):
        assert Request("GET", "/", "", {"cookie": header}, b"", "127.0.0.1", True).parse_cookies() == cookies


class TestResponse:
    def test_a_header_cannot_be_split(self):
        data = Response(headers=[("Location", "/a\r\nSet-Cookie: x=y")]).encode(
            head_only=False, keep_alive=True, now_s=0
        )
        assert b"\r\nSet-Cookie" not in data

    @pytest.mark.parametrize(("status", "has_length"), [(200, True), (404, True), (204, False), (304, False)])
    def test_a_length_is_there_wherever_it_may(self, status: int, has_length: bool):
        data = Response(status=status).encode(head_only=False, keep_alive=True, now_s=0)
        assert (b"Content-Length: 0" in data) is has_length

    def test_is_dated_by_the_clock(self, client: Client):
        assert client.get("/").headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


class TestConnection:
    def test_answers_pipelined_requests_in_order(self, client: Client):
        one = b"GET /shop HTTP/1.1\r\nHost: x\r\n\r\n"
        answer = client.raw(one + b"GET /nowhere/at/all HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.index(b"303 See Other") < answer.index(b"404 Not Found")

    def test_a_broken_request_gets_400_and_the_end(self, client: Client):
        answer = client.raw(b"hello\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 Bad Request")
        assert answer.count(b"HTTP/1.1 ") == 1

    def test_without_a_host_addresses_in_answers_lead_here(self, client: Client):
        head = f"GET {CHAT}/chats HTTP/1.0\r\nAuthorization: Bearer {client.token}\r\n\r\n"
        assert f'"next_url":"{client.url}{CHAT}/chats?cursor='.encode() in client.raw(head.encode())

    def test_expect_continue_is_met(self, client: Client):
        head = b"POST /_control/reset HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        assert client.raw(head).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")

    @pytest.mark.parametrize("length", ["0", "99999999999", "-1"])
    def test_nobody_is_told_to_send_what_is_refused_or_nothing(self, length: str, client: Client):
        head = f"POST /_control/reset HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        assert b"100 Continue" not in client.raw(head.encode())

    def test_one_that_sends_too_much_without_listening_still_gets_the_answer(self, client: Client, monkeypatch):
        monkeypatch.setattr(sandbox.http1, "BODY_LIMIT", 1000)
        answer = client.call("POST", "/_control/reset", b"x" * 20_000_000)
        assert (answer.status, answer.headers["connection"]) == (413, "close")

"""The one way out, against a server that misbehaves."""

import gzip
import socket
import time
import zlib

import pytest

from linking.clients import outbound
from linking.clients.outbound import AddressRefused, AnswerTooLarge, AnswerTooSlow, NetworkFault, Outbound
from tests.linking.scripted_server import answer, scripted

HOSTS = ("*.zendesk.com",)


def out(url, **changes):
    return Outbound(base_url=url, hosts=HOSTS, allow_loopback=True, **changes)


def drip(beginning):
    def script(connection, _head):
        connection.sendall(beginning)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    return script


class TestGet:
    def test_returns_status_headers_and_body(self):
        with scripted(answer(b'{"a":1}', status="418 Teapot", headers="X-Odd: yes")) as server:
            found = out(server.url).get(path="/x")
        assert (found.status, found.headers["x-odd"], found.body) == (418, "yes", b'{"a":1}')

    def test_asks_below_the_base_address_with_query_and_headers(self):
        with scripted(answer(b"{}")) as server:
            out(server.url + "/api/").get(path="/x", query=[("q", "a b")], headers={"Authorization": "Bearer t"})
        assert server.heads[0].startswith("GET /api/x?q=a+b HTTP/1.1")
        assert "Authorization: Bearer t" in server.heads[0]

    def test_follows_no_redirect(self):
        with scripted(answer(b"", status="302 Found", headers="Location: http://127.0.0.1:1/")) as server:
            found = out(server.url).get(path="/x")
        assert found.status == 302

    def test_keeps_no_cookie(self):
        with scripted(answer(b"{}", headers="Set-Cookie: a=b")) as server:
            client = out(server.url)
            client.get(path="/x")
            client.get(path="/x")
        assert "Cookie:" not in server.heads[1]

    def test_reads_no_proxy_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with scripted(answer(b"{}")) as server:
            assert out(server.url).get(path="/x").status == 200

    def test_refuses_a_path_that_could_change_the_host(self):
        with pytest.raises(ValueError, match="slash"):
            out("http://127.0.0.1:1").get(path=".evil.tld/x")


class TestPost:
    def test_sends_a_form(self):
        with scripted(answer(b"{}")) as server:
            out(server.url).post(path="/token", form={"grant_type": "x y"})
        assert server.heads[0].endswith("grant_type=x+y")


class TestLimits:
    def test_ends_a_body_of_one_byte_at_a_time(self):
        beginning = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
        with scripted(drip(beginning)) as server, pytest.raises(AnswerTooSlow):
            out(server.url, deadline_s=0.3).get(path="/x")

    def test_ends_a_body_without_length_of_one_byte_at_a_time(self):
        with scripted(drip(b"HTTP/1.1 200 OK\r\n\r\n")) as server, pytest.raises(AnswerTooSlow):
            out(server.url, deadline_s=0.3).get(path="/x")

    def test_ends_a_head_of_one_byte_at_a_time(self):
        with scripted(drip(b"HTTP/1.1 200 OK\r\nX-Long: ")) as server, pytest.raises(AnswerTooSlow):
            out(server.url, deadline_s=0.3).get(path="/x")

    def test_ends_silence(self, monkeypatch):
        monkeypatch.setattr(outbound, "READ_TIMEOUT_S", 0.2)
        with scripted(lambda connection, _head: connection.recv(1)) as server, pytest.raises(AnswerTooSlow):
            out(server.url).get(path="/x")

    def test_refuses_an_answer_that_unpacks_to_too_much(self):
        bomb = gzip.compress(b"0" * (outbound.MAX_BODY_BYTES + 1))
        with scripted(answer(bomb, headers="Content-Encoding: gzip")) as server, pytest.raises(AnswerTooLarge):
            out(server.url).get(path="/x")

    @pytest.mark.parametrize(
        "script",
        [
            answer(b"x" * 11_000_000, status=429, headers="Retry-After: 7"),
            answer(b"not gzip", status=429, headers="Retry-After: 7\r\nContent-Encoding: gzip"),
            b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 50\r\n\r\nshort",
        ],
    )
    def test_reads_the_pause_above_a_body_that_cannot_be_read(self, script):
        with scripted(script) as server:
            found = out(server.url).get(path="/x")
        assert (found.status, found.headers["Retry-After"], found.body) == (429, "7", b"")

    def test_leaves_an_empty_packed_body_empty(self):
        with scripted(answer(b"", headers="Content-Encoding: gzip")) as server:
            assert out(server.url).get(path="/x").body == b""

    def test_unpacks_what_is_within_bounds(self):
        with scripted(answer(gzip.compress(b"{}"), headers="Content-Encoding: gzip")) as server:
            assert out(server.url).get(path="/x").body == b"{}"


class TestFaults:
    @pytest.mark.parametrize(
        "script",
        [
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
            answer(b"not gzip", headers="Content-Encoding: gzip"),
            answer(gzip.compress(b"{}", mtime=0)[:-9], headers="Content-Encoding: gzip"),
            answer(gzip.compress(b"{}", mtime=0)[:-1], headers="Content-Encoding: gzip"),
            answer(b"\x1f\x8b", headers="Content-Encoding: gzip"),
            answer(zlib.compress(b"{}"), headers="Content-Encoding: deflate"),
            answer(b"{}", headers="Content-Encoding: br"),
        ],
        ids=[
            "nothing", "no HTTP", "too short", "broken chunk", "no gzip", "gzip without end", "gzip with half an end",
            "gzip without a body", "deflate", "brotli",
        ],
    )  # fmt: skip
    def test_tells_a_broken_answer_from_a_whole_one(self, script):
        with scripted(script) as server, pytest.raises(NetworkFault):
            out(server.url).get(path="/x")

    def test_tells_that_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(NetworkFault):
            out(f"http://127.0.0.1:{port}").get(path="/x")

    def test_tells_whether_the_request_may_have_been_carried_out(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(NetworkFault) as unsent:
            out(f"http://127.0.0.1:{port}").post(path="/x", form={"a": "b"})
        with scripted(b"") as server, pytest.raises(NetworkFault) as sent:
            out(server.url).post(path="/x", form={"a": "b"})
        assert (unsent.value.was_sent, sent.value.was_sent) == (False, True)

    def test_counts_a_handshake_that_never_ends_as_unsent(self, monkeypatch):
        monkeypatch.setattr(outbound, "is_public_address", lambda _address: True)
        monkeypatch.setattr(outbound, "CONNECT_TIMEOUT_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent.getsockname())
            monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_args, **_options: [place])
            with pytest.raises(AnswerTooSlow) as caught:
                out("https://acme.zendesk.com").post(path="/x", form={"a": "b"})
        assert caught.value.was_sent is False

    def test_says_nothing_of_the_address_in_its_message(self):
        with scripted(b"") as server, pytest.raises(NetworkFault) as caught:
            out(server.url).get(path="/secret-path")
        assert "secret-path" not in str(caught.value)


class TestAddresses:
    def test_refuses_a_forbidden_address_before_anything_leaves(self):
        with pytest.raises(AddressRefused):
            Outbound(base_url="http://127.0.0.1:1", hosts=HOSTS, allow_loopback=False)

    @pytest.mark.parametrize("inward", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
    def test_refuses_an_allowed_name_that_leads_inward(self, monkeypatch, inward):
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (inward, 443))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [place])
        with pytest.raises(AddressRefused):
            out("https://acme.zendesk.com").get(path="/x")

    def test_refuses_a_name_of_which_one_address_leads_inward(self, monkeypatch):
        places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("104.16.53.111", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: places)
        with pytest.raises(AddressRefused):
            out("https://acme.zendesk.com").get(path="/x")

    def test_refuses_localhost_that_leads_elsewhere(self, monkeypatch):
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("104.16.53.111", 80))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [place])
        with pytest.raises(AddressRefused):
            out("http://localhost:9400").get(path="/x")

    def test_takes_a_name_that_cannot_be_resolved_for_a_passing_fault(self, monkeypatch):
        def fail(*_args, **_options):
            raise socket.gaierror("no such name")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(NetworkFault):
            out("https://acme.zendesk.com").get(path="/x")

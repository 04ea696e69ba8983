import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

import sandbox.server
from tests.sandbox.client import CHAT, Client


class TestParallelClients:
    def test_each_gets_its_own_answer(self, client: Client):
        client.control("faults", limit_per_minute=0)
        ids = list(client.get("/_control/truth").json()["truth"]) * 8
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda visitor_id: client.chat(f"/visitors/{visitor_id}")["id"], ids))
        assert answers == ids

    def test_none_is_counted_twice_or_lost(self, client: Client):
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: client.get(f"{CHAT}/agents/me").status, range(240)))
        assert (statuses.count(200), statuses.count(429)) == (200, 40)

    def test_writers_lose_nothing(self, empty: Client):
        empty.control("faults", limit_per_minute=0)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: empty.call("POST", f"{CHAT}/chats", {"message": str(n)}), range(80)))
        listed = [
            empty.chat("/incremental/chats", start_time=1)["count"],
            empty.get("/_control/stats").json()["records"],
        ]
        assert (listed[0], listed[1]["chats"]) == (80, 80)


class TestSlowAnswers:
    def test_hold_nobody_else_up(self, client: Client, monkeypatch: pytest.MonkeyPatch):
        waiting, go_on = Event(), Event()

        def wait(_seconds: float) -> None:
            waiting.set()
            go_on.wait(10)

        monkeypatch.setattr(sandbox.server.time, "sleep", wait)
        client.control("faults", kind="slow", delay_s=100, times=1)
        slow = Thread(target=client.get, args=(f"{CHAT}/agents/me",))
        slow.start()
        assert waiting.wait(10)
        assert client.get(f"{CHAT}/agents/me").status == 200
        go_on.set()
        slow.join(10)


class TestFailure:
    def test_of_a_handler_is_told_and_the_connection_goes_on(self, client: Client, box, monkeypatch, caplog):
        monkeypatch.setattr(box, "report", lambda: {}["nothing"])
        request = b"GET /_control/stats HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answers = client.raw(request + last)
        assert answers.startswith(b"HTTP/1.1 500 Internal Server Error")
        assert b"HTTP/1.1 303 See Other" in answers
        assert "GET /_control/stats ended in an error" in caplog.text


class TestConnections:
    def test_are_kept_alive_without_delay(self, client: Client):
        request = b"GET /shop HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
            for _ in range(3):
                connection.sendall(request)
                assert connection.recv(4096).endswith(b"Connection: keep-alive\r\n\r\n")

    @pytest.mark.parametrize(
        "path", ["/_control/stats", "/widget/judge", "/messaging/judge", "/oauth2/token", "/shop/", "/login/"]
    )
    def test_another_method_is_405_and_told_which_are_not(self, path: str, client: Client):
        answer = client.call("PATCH", path)
        assert (answer.status, "OPTIONS" in answer.headers["allow"]) == (405, True)

    @pytest.mark.parametrize("error", [OSError(errno.ENOTCONN, "gone"), ConnectionResetError(), TimeoutError()])
    def test_that_break_off_are_no_error(self, error: OSError, client: Client, server, monkeypatch):
        def break_off(*_: object) -> None:
            raise error

        told: list[object] = []
        monkeypatch.setattr(sandbox.server.Connection, "_refuse", break_off)
        monkeypatch.setattr(server, "handle_error", lambda *_: told.append(error))
        assert client.raw(b"hello\r\n\r\n") == b""
        assert told == []

    def test_switch_off_nagle(self):
        assert sandbox.server.Connection.disable_nagle_algorithm is True

    @pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "OPTIONS"])
    @pytest.mark.parametrize(
        "path", ["/nowhere", "/api", "/api/v2", "/api/v2/chat/", "/login/api/shoes", "/_control/shoes", "//"]
    )
    def test_an_unknown_path_is_404_as_json(self, method: str, path: str, client: Client):
        answer = client.call(method, path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json; charset=utf-8")
        assert answer.json()["error"]

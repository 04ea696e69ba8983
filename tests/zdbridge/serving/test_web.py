"""The web role as it runs: one real process, and strangers who hold connections open."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.zdbridge.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.storeless]
# More than there are threads of any kind in a process.
STRANGERS = 60
FORM = "Content-Type: application/x-www-form-urlencoded\r\nCookie: zdbridge_csrftoken=" + "a" * 32 + "\r\n"
HOOK = "/api/v1/hooks/zendesk/demo"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {
        "ZDBRIDGE_DATA_DIR": str(tmp_path_factory.mktemp("web")),
        "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
    }
    for words in (["migrate", "-v", "0"], ["collectstatic", "--noinput", "-v", "0"]):
        subprocess.run([sys.executable, "-m", "django", *words], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "zdbridge.serving.web", "127.0.0.1", str(number), "1"],
        cwd=ROOT,
        env=environment,
    )
    try:
        assert wait_until(lambda: ask(number, "/healthz")[0] == 200, limit_s=60)
        yield number
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask(port, path, *, body=None, headers=()):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


@contextlib.contextmanager
def strangers(port, head, *, count=STRANGERS):
    """Keep `count` connections open that have sent `head`, and of a body a single byte."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            one.sendall(head.encode() + b"x")
        yield


def post(path, more=""):
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n{more}\r\n"


class TestSlowStrangers:
    @pytest.mark.parametrize(
        "head",
        [
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
            post("/accounts/login/", FORM),
            post("/", FORM),
            post(HOOK),
            post("/generate/token"),
            post("/api/v1/diagnose/", "Content-Type: application/json\r\nAuthorization: Token x\r\n"),
        ],
    )
    def test_hold_up_neither_tokens_nor_pages_nor_each_other(self, port, head):
        with strangers(port, head):
            assert ask(port, "/generate/token")[0] == 503
            assert ask(port, "/healthz")[0] == 200
            assert ask(port, "/accounts/login/")[0] == 200
            form = (("Cookie", "zdbridge_csrftoken=" + "a" * 32),)
            assert ask(port, "/accounts/login/", body=b"a=b", headers=form)[0] == 403

    @pytest.mark.parametrize(
        ("head", "status"),
        [
            (post(HOOK), 401),
            (post(HOOK + "/"), 401),
            (post("/accounts/login/", "Content-Type: multipart/form-data; boundary=x\r\n"), 415),
            (post("/generate/token"), 503),
        ],
    )
    def test_are_answered_before_they_have_sent_anything(self, port, head, status):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        connection.sock.sendall(head.encode())
        answer = http.client.HTTPResponse(connection.sock, method="POST")
        answer.begin()
        assert answer.status == status
        connection.close()


class TestBodies:
    @pytest.mark.parametrize("is_length_told", [True, False])
    def test_over_a_megabyte_are_refused(self, port, is_length_told):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        body = [b"x" * 65_536] * 17
        # Whoever is refused early may find the connection closed while it still sends.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if is_length_told:
                connection.request("POST", "/accounts/login/", b"", {"Content-Length": str(17 * 65_536)})
            else:
                connection.request("POST", "/accounts/login/", iter(body), encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()

    def test_of_unannounced_length_are_read(self, port):
        # Without its token, which is in the body, the form would be refused with 403. A call that its head alone gives
        # away would not do here: it is answered before its body is sent.
        token = "a" * 32
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"zdbridge_csrftoken={token}"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        form = [b"csrfmiddlewaretoken=", token.encode()]
        connection.request("POST", "/accounts/login/", iter(form), headers, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, b"csrfmiddlewaretoken" in answer.read()) == (200, True)
        connection.close()

    def test_of_forms_reach_the_page(self, port):
        page = ask(port, "/accounts/login/")
        assert (page[0], b"csrfmiddlewaretoken" in page[1]) == (200, True)

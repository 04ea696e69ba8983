"""What leaves for the error tracker: redacted, and no more than it needs. With the package, through a real ingest."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from linking.core import request_ids
from zdbridge import checks
from zdbridge.watching import error_tracker

MARKS = ("correct-horse", "nadia@player.example", "hunter22")
EVENT = {
    "message": "mail for nadia@player.example",
    "user": {"email": "nadia@player.example"},
    "request": {
        "method": "POST", "url": "https://zdb.test/accounts/login/", "cookies": "sessionid=correct-horse",
        "headers": {"Authorization": "Token correct-horse"}, "data": {"password": "correct-horse"},
    },
    "exception": {"values": [{"type": "ValueError", "value": "redis://user:hunter22@cache", "stacktrace": {
        "frames": [{"function": "load", "vars": {"password": "correct-horse"}}]}}]},
    "breadcrumbs": {"values": [{"message": "password=correct-horse"}]},
    "extra": {"argv": ["correct-horse"]},
}  # fmt: skip


class TestCleanEvent:
    def test_cuts_out_what_the_log_cuts_out_and_drops_the_rest(self):
        text = json.dumps(error_tracker.clean_event(EVENT))
        assert not [mark for mark in MARKS if mark in text]
        assert '"method": "POST"' in text and '"type": "ValueError"' in text and '"function": "load"' in text

    def test_carries_the_id_of_the_request(self):
        request_ids.set_current("0af7651916cd43dd")
        try:
            assert error_tracker.clean_event({})["tags"] == {"request": "0af7651916cd43dd"}
        finally:
            request_ids.set_current("")


class TestCheck:
    @pytest.mark.parametrize(
        ("dsn", "is_installed", "ids"),
        [("", False, []), ("https://k@sentry.test/1", True, []), ("https://k@sentry.test/1", False, ["zdbridge.W006"])],
    )
    def test_tells_of_a_missing_package(self, settings, monkeypatch, dsn, is_installed, ids):
        settings.SENTRY_DSN = dsn
        monkeypatch.setattr(error_tracker, "is_installed", lambda: is_installed)
        assert [message.id for message in checks.check_error_tracker()] == ids


class Ingest(BaseHTTPRequestHandler):
    """Takes what a client of Sentry's protocol sends."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def ingest():
    server = HTTPServer(("127.0.0.1", 0), Ingest)
    server.taken = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not error_tracker.is_installed(), reason="sentry-sdk is an extra that is not installed")
class TestThroughAnIngest:
    PROGRAM = """
import django, logging
django.setup()
import sentry_sdk
from django.test import RequestFactory
password = "correct-horse"
try:
    raise ValueError("mail for nadia@player.example, redis://user:hunter22@cache")
except ValueError:
    logging.getLogger("linking").exception("failed for nadia@player.example")
sentry_sdk.flush(5)
"""

    def test_an_error_arrives_redacted(self, ingest, tmp_path):
        environment = os.environ | {
            "SENTRY_DSN": f"http://key@127.0.0.1:{ingest.server_port}/1",
            "ZDBRIDGE_DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        }
        subprocess.run([sys.executable, "-c", self.PROGRAM], env=environment, check=True, capture_output=True)
        sent = b"".join(ingest.taken)
        assert b"ValueError" in sent and b"[e-mail]" in sent
        assert not [mark for mark in MARKS if mark.encode() in sent]

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.__main__ import main, parse_arguments
from tests.sandbox.client import Client

ROOT = Path(__file__).parents[2]


@pytest.fixture
def started():
    """A sandbox as a person starts it, on any port; its first line names the address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--token", "another-token"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    yield process, Client(int(line.split("/shop/")[0].rsplit(":", 1)[1]), "another-token")
    process.kill()
    process.wait()
    process.stdout.close()


class TestMain:
    def test_starts_with_the_cast_and_the_given_token(self, started):
        _, client = started
        assert client.chat("/incremental/chats")["count"] == 60

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_ends_when_told(self, started, number: signal.Signals):
        process, _ = started
        process.send_signal(number)
        assert process.wait(timeout=10) == 0

    def test_a_taken_port_is_said_in_one_line(self, capsys: pytest.CaptureFixture[str]):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            status = main(["--port", str(taken.getsockname()[1])])
        assert (status, capsys.readouterr().err.count("\n")) == (1, 1)

    def test_defaults_are_the_published_ones(self):
        options = parse_arguments([])
        assert (options.host, options.port, options.token) == ("127.0.0.1", 9100, "sandbox-chat-token")
        assert (options.messaging_slug, options.support_webhook) == ("demo-messaging", "")


class TestDemoIntegration:
    DEMO = json.loads((ROOT / "sandbox" / "demo_integration.json").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("name", ["login_secret_key", "zendesk_shared_secret"])
    def test_secrets_are_long_and_plainly_fake(self, name: str):
        assert len(self.DEMO[name].encode()) >= 32
        assert "not-a-real-one" in self.DEMO[name].lower()

    def test_is_about_this_sandbox(self):
        options = parse_arguments([])
        assert self.DEMO["zendesk_api_url"] == f"http://{options.host}:{options.port}/api/v2/chat"
        assert self.DEMO["zendesk_access_token"] == options.token
        assert f"http://{options.host}:{options.port}" in self.DEMO["allowed_origins"]

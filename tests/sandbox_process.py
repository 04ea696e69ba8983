"""The sandbox as a program of its own, for tests that hold the application against it over HTTP."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "sandbox-chat-token"


class Sandbox:
    """Steers a running sandbox."""

    def __init__(self, *, port):
        self.url = f"http://127.0.0.1:{port}"

    def control(self, name, **wishes):
        request = urllib.request.Request(f"{self.url}/_control/{name}", data=json.dumps(wishes).encode())
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def read(self, name):
        with urllib.request.urlopen(f"{self.url}/_control/{name}", timeout=60) as response:
            return json.load(response)

    def truth(self):
        return self.read("truth?limit=2000000")["truth"]

    def chat_calls(self):
        return self.read("stats")["zendesk_calls"]

    def chat(self, path):
        """Read Chat's API as the application would."""
        request = urllib.request.Request(f"{self.url}/api/v2/chat{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


def wait_until(condition, *, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def sandbox_process():
    """Run a sandbox for the length of a block and yield what steers it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers(port))
        yield Sandbox(port=port)
    finally:
        started.terminate()
        started.wait(timeout=10)

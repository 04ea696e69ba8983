"""The proxies' configurations are ones that the proxies take, that buffer and bound bodies, and that lose no token."""

import shutil
import socket
import subprocess

import pytest

from benchmarks import documented_proxies
from scripts.drills import restart_web

INSTALL = {"nginx": "nginx-light", "caddy": "caddy", "haproxy": "haproxy"}
LIMITS = {
    "nginx": ["client_max_body_size 1m;", "client_body_timeout 10s;", "proxy_request_buffering on;"],
    "caddy": ["max_size 1MB", "read_body 10s", "buffer_requests"],
    "haproxy": ["option http-buffer-request", "timeout http-request 10s", "req.body_size gt 1048576"],
}


def find_program(name: str) -> str:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed: apt-get install {INSTALL[name]}")
    return program


@pytest.mark.storeless
@pytest.mark.parametrize("name", documented_proxies.CHECK)
class TestConfiguration:
    def test_is_valid(self, tmp_path, name):
        program = find_program(name)
        file = documented_proxies.write(name, folder=tmp_path, port=8001, bridge_ports=(8002, 8003))
        command = [program, *documented_proxies.CHECK[name], str(file)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    def test_buffers_and_bounds_bodies(self, name):
        text = documented_proxies.read_shipped(name)
        assert [limit for limit in LIMITS[name] if limit not in text] == []

    def test_knows_two_web_roles(self, name):
        text = documented_proxies.read_shipped(name)
        assert [port for port in documented_proxies.SHIPPED_PORTS if f"127.0.0.1:{port}" not in text] == []


def find_free_ports(count: int) -> int:
    """Return the first of so many free ports in a row."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = probe.getsockname()[1]
        row = range(first, first + count)
        if row[-1] < 65536 and all(is_free(port) for port in row):
            return first
    raise AssertionError("no free ports in a row")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
class TestRestart:
    def test_of_both_web_roles_loses_no_token(self, tmp_path):
        """The whole drill of 3,000 tokens is `python -m scripts.drills.restart_web`."""
        proxy = next((name for name in ("haproxy", "nginx") if shutil.which(name, path="/usr/sbin:/usr/bin")), None)
        if proxy is None:
            pytest.skip("no proxy is installed: apt-get install haproxy")
        stream = restart_web.run_drill(proxy=proxy, tokens=100, rate=20, port=find_free_ports(3), folder=tmp_path)
        assert (len(stream.latencies_s) >= 100, stream.losses) == (True, [])

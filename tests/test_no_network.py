import socket
from contextlib import closing

import pytest
import requests

from tests.network_guard import NetworkForbidden, is_local

# Addresses set aside for documentation (RFC 5737, RFC 3849): even without the guard nobody would answer.
OUTSIDE = ["192.0.2.1", "2001:db8::1", "198.51.100.7"]


class TestIsLocal:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", b"127.0.0.1", "", None, "0.0.0.0"])
    def test_knows_this_machine(self, host: object) -> None:
        assert is_local(host)

    @pytest.mark.parametrize("host", [*OUTSIDE, "example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.nip.io"])
    def test_knows_the_rest(self, host: object) -> None:
        assert not is_local(host)


class TestGuard:
    @pytest.mark.parametrize("host", OUTSIDE)
    def test_refuses_a_connection(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with closing(socket.socket(family)) as made, pytest.raises(NetworkForbidden):
            made.connect((host, 443))

    def test_refuses_a_quiet_connection(self) -> None:
        with closing(socket.socket()) as made, pytest.raises(NetworkForbidden):
            made.connect_ex((OUTSIDE[0], 443))

    def test_refuses_a_datagram(self) -> None:
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as made, pytest.raises(NetworkForbidden):
            made.sendto(b"x", (OUTSIDE[0], 53))

    @pytest.mark.parametrize("look_up", [socket.gethostbyname, lambda host: socket.getaddrinfo(host, 443)])
    def test_refuses_a_name(self, look_up) -> None:
        with pytest.raises(NetworkForbidden):
            look_up("www.zopim.com")

    def test_refuses_an_http_library(self) -> None:
        with pytest.raises(NetworkForbidden):
            requests.get("https://login.xsolla.com/api", timeout=1)

    def test_lets_loopback_through(self) -> None:
        server = socket.create_server(("127.0.0.1", 0))
        with closing(server), closing(socket.create_connection(server.getsockname(), timeout=5)) as client:
            assert client.getpeername() == server.getsockname()

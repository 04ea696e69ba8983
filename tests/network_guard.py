"""A pytest plugin: no test may leave this machine. Loopback and Unix sockets work, everything else raises.

Plugged in by `pytest_plugins = ["tests.network_guard"]` in tests/conftest.py. Name look-ups are guarded too: they would
tell a stranger's name server what is being tested. Subprocesses are not covered; those of the tests speak to loopback.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest

_LOCAL_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", socket.gethostname(), "", None}


class NetworkForbidden(AssertionError):
    """A test tried to reach something beyond this machine."""


def is_local(host: object) -> bool:
    """Tell whether `host`, a name or an address, is this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", errors="replace")
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host: object) -> None:
    if not is_local(host):
        raise NetworkForbidden(f"a test tried to reach {host!r}: only loopback is allowed")


def _guarded_address(real: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(address[0])
        return real(self, address)

    return guarded


def _guarded_datagram(real: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, data: bytes, *rest: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(rest[-1][0])
        return real(self, data, *rest)

    return guarded


def _guarded_name(real: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *rest: Any, **options: Any) -> Any:
        _refuse(host)
        return real(host, *rest, **options)

    return guarded


def pytest_configure(config: pytest.Config) -> None:
    """Put the guards on for the whole run, fixtures and collection included."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded_address(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", _guarded_address(socket.socket.connect_ex))
    patch.setattr(socket.socket, "sendto", _guarded_datagram(socket.socket.sendto))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        patch.setattr(socket, name, _guarded_name(getattr(socket, name)))
    config.add_cleanup(patch.undo)

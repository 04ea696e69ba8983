"""Decides whom to believe about the client's address: `X-Forwarded-*` counts only from a configured proxy."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from linking.core.addresses import WAS_FORWARDED, Network, client_address, is_within

FORWARDED_FOR, FORWARDED_PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"


class TrustedProxies:
    """The proxies whose headers are believed; `networks` are their addresses or networks."""

    def __init__(self, *, networks: Iterable[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(word, strict=False) for word in networks)

    def resolve_client(self, environ: dict[str, Any]) -> None:
        """Put the client's own address and scheme into `environ`, and remove the headers that said so.

        Code behind it never reads `X-Forwarded-For` or `X-Forwarded-Proto`, so a forged one is harmless.
        """
        forwarded_for = environ.pop(FORWARDED_FOR, "")
        forwarded_proto = environ.pop(FORWARDED_PROTO, "")
        environ[WAS_FORWARDED] = bool(forwarded_for or forwarded_proto or environ.get("HTTP_FORWARDED"))
        peer = environ.get("REMOTE_ADDR", "")
        if self._networks and is_within(peer, networks=self._networks):
            environ["REMOTE_ADDR"] = client_address(peer=peer, forwarded_for=forwarded_for, networks=self._networks)
            if forwarded_proto in ("http", "https"):
                environ["wsgi.url_scheme"] = forwarded_proto

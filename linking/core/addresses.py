"""Which network address a request really came from, given the proxies that are trusted."""

import ipaddress
import re
from collections.abc import Sequence

# Left in a request's environ by whoever resolves the client's address: the peer is a proxy, trusted or not.
WAS_FORWARDED = "zdbridge.was_forwarded"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Some gateways write the client's port too; an IPv6 address then stands in brackets.
_WITH_PORT = re.compile(r"(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?\Z")


def is_within(address: str, *, networks: Sequence[Network]) -> bool:
    """Return whether `address` is an IP address inside one of `networks`; text that is no address is in none."""
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped  # how a socket that speaks both families shows an IPv4 peer
    return any(parsed in network for network in networks)


def client_address(*, peer: str, forwarded_for: str, networks: Sequence[Network]) -> str:
    """Return the address nearest to us in `forwarded_for` that is not one of the trusted proxies.

    Args:
        peer: the address that opened the connection, itself a trusted proxy.
        forwarded_for: the header as received, comma-separated, the farthest hop first.

    Read from the right, because everything left of the last trusted hop was written by the client. A hop that is no
    address ends the walk: what stands before it cannot be trusted either.
    """
    nearest = peer
    for hop in reversed(forwarded_for.split(",")):
        try:
            candidate = str(ipaddress.ip_address(_without_port(hop.strip())))
        except ValueError:
            return nearest
        nearest = candidate
        if not is_within(candidate, networks=networks):
            return candidate
    return nearest


def _without_port(hop: str) -> str:
    found = _WITH_PORT.match(hop)
    return (found[1] or found[2]) if found else hop


def limit_key(address: str) -> str:
    """Return what requests are counted by: the address, and for IPv6 its /64, which is what one customer holds."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))

"""Which addresses of the two vendors may be called: judged by their text, when saved and again before each call."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from linking.core.text_marks import gettext_noop as _

ZENDESK_HOSTS = ("*.zendesk.com", "www.zopim.com")
RETIRED_HOST = "www.zopim.com"
SUPPORT_ENDING = "/api/v2"
AUTO = "auto"  # in place of an address: it is found out which one answers
URL_MAX_CHARACTERS = 300
_HTTPS_PORT = 443

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Addresses of this network carry an IPv4 address in their last 32 bits (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def address_flaw(url: str, *, allow_loopback: bool, hosts: Sequence[str]) -> str:
    """Return a sentence on why `url` may not be called, to be translated when shown; "" when it may.

    Args:
        url: a base address without query or fragment (`https://acme.zendesk.com/api/v2/chat`).
        allow_loopback: whether `http://` on this machine is fine, which only the process's environment decides.
        hosts: exact host names, or `*.zendesk.com` for any one label before that domain.
    """
    if len(url) > URL_MAX_CHARACTERS:
        return _("The address is longer than 300 characters.")
    if not url.isascii() or not url.isprintable() or any(character in url for character in " \\<>\"'`{|}"):
        return _("The address contains characters that an address cannot have.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _("The address cannot be read.")
    return _shape_flaw(parts) or _host_flaw(parts=parts, port=port, allow_loopback=allow_loopback, hosts=hosts)


def current_address(url: str, *, subdomain: str) -> str:
    """Return the address under which Chat's API lives today; an old one stays where no subdomain is known.

    Source: Zendesk's announcement of 2024-08-19: only host and path prefix changed.
    """
    return chat_address(subdomain) if is_retired(url) and subdomain else url


def is_retired(url: str) -> bool:
    """Return whether `url` is at the host that Zendesk switches off."""
    return urlsplit(url).hostname == RETIRED_HOST if url.isascii() and url.isprintable() else False


def chat_address(subdomain: str) -> str:
    """Return the base address of an account's Chat API. Source: Chat API, Introduction (2025-05-12)."""
    return f"https://{subdomain}.zendesk.com/api/v2/chat"


def support_address(subdomain: str) -> str:
    """Return the base address of an account's Support API. Source: fact sheet of Messaging accounts, section 3."""
    return f"https://{subdomain}.zendesk.com{SUPPORT_ENDING}"


def candidate_addresses(subdomain: str) -> tuple[str, ...]:
    """Return the addresses at which an account's Chat API can be, the likeliest first."""
    return (chat_address(subdomain), f"https://{RETIRED_HOST}/api/v2")


def account_of(url: str) -> str:
    """Return the name of the account behind an address, `acme.zendesk.com`, however the address is written.

    On the retired host accounts cannot be told apart.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    is_usual = port is None or (parts.scheme.lower(), port) == ("https", _HTTPS_PORT)
    host = (parts.hostname or "").rstrip(".")
    return host if is_usual else f"{host}:{port}"


def is_loopback_name(host: str) -> bool:
    """Return whether `host` is a name or address of this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_address(address: str) -> bool:
    """Return whether a resolved IP address is loopback; text that is no address is not."""
    found = _address(address)
    return found is not None and found.is_loopback


def is_public_address(address: str) -> bool:
    """Return whether a resolved IP address belongs to the public internet; text that is no address does not."""
    found = _address(address)
    return found is not None and found.is_global and not found.is_multicast and not found.is_reserved


def is_inward(host: str) -> bool:
    """Return whether a host, as an address spells it, is this machine or an IP address that is not public.

    A name says nothing of where it leads; that is judged at the moment of connecting.
    """
    return is_loopback_name(host) or (_address(host) is not None and not is_public_address(host))


def _address(text: str) -> Address | None:
    # An IPv6 address can be a disguise of an inward IPv4 one; the one inside is judged.
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def _shape_flaw(parts: SplitResult) -> str:
    if parts.scheme not in ("https", "http"):
        return _("The address must begin with https://.")
    if not parts.hostname:
        return _("The address names no host.")
    if "@" in parts.netloc:
        return _("The address must not contain a user name or password.")
    if parts.query or parts.fragment:
        return _("The address must not contain a query or fragment.")
    if any(segment in (".", "..") for segment in parts.path.replace("%2e", ".").replace("%2E", ".").split("/")):
        return _("The address must not contain dot segments.")
    return ""


def _host_flaw(*, parts: SplitResult, port: int | None, allow_loopback: bool, hosts: Sequence[str]) -> str:
    host = parts.hostname or ""
    if parts.scheme == "http":
        if allow_loopback and is_loopback_name(host):
            return _("The port must be between 1 and 65535.") if port == 0 else ""
        return _("The address must begin with https://.")
    if port not in (None, _HTTPS_PORT):
        return _("The port must be 443.")
    if not any(_matches(host=host, pattern=pattern) for pattern in hosts):
        return _("The host is not one of the vendor's.")
    return ""


def _matches(*, host: str, pattern: str) -> bool:
    if not pattern.startswith("*."):
        return host == pattern
    label, _, domain = host.partition(".")
    is_label = bool(label) and len(label) <= 63 and label.replace("-", "").isalnum() and label.strip("-") == label
    return domain == pattern[2:] and is_label

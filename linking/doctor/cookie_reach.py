"""The origin preview: will browsers send the cookie with the Login JWT from a page to the token endpoint, and why not.

Source: RFC 6265bis (domain match, SameSite, prefixes), the HTML and Fetch standards (same site is scheme and
registrable domain; ports do not count), developer.mozilla.org on partitioned cookies (CHIPS), read 2026-11. The answers
were compared with what Chromium does (docs/wiring.md). The Public Suffix List that the library brings says which
endings are public; no network is asked.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\Z")


class SameSite(StrEnum):
    """The attribute; a cookie without it is treated as `Lax` by Chrome and most others."""

    STRICT = "Strict"
    LAX = "Lax"
    NONE = "None"
    ABSENT = ""


class Sent(StrEnum):
    """Whether browsers send it: all, some (Chrome by default, Safari and Firefox not), none."""

    YES = "yes"
    SOME = "some"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie as the page's own server sets it; `domain` is "" when the attribute is absent."""

    name: str
    domain: str
    same_site: SameSite
    is_secure: bool
    is_http_only: bool
    is_partitioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFinding:
    """One line: `state` is `good`, `bad` or `note`."""

    rule: str
    state: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The answer and what led to it, in the order a browser looks."""

    sent: Sent
    findings: tuple[ReachFinding, ...]

    @property
    def first_problem(self) -> str:
        """What stands in the way, in the order a browser looks; "" for nothing."""
        return next((one.sentence for one in self.findings if one.state == "bad"), "")

    @property
    def is_readable(self) -> bool:
        """Whether the page may read the answer, and is given one at all."""
        return not any(one.state == "bad" and one.rule == "origin" for one in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    scheme: str
    host: str
    origin: str

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        return _is_address(self.host) and ipaddress.ip_address(self.host).is_loopback

    @property
    def is_trustworthy(self) -> bool:
        return self.scheme == "https" or self.is_loopback


class UnreadableAddress(ValueError):
    """Not an address of a page; the message says what would do."""


def preview(*, page: str, endpoint: str, cookie: Cookie, origins: Collection[str]) -> Reach:
    """Return whether a cookie that `page` set goes along when it fetches `endpoint`; `origins` may read the answer.

    Raises: UnreadableAddress.
    """
    here, there = _place(page), _place(endpoint)
    findings = [
        *_may_be_set(cookie, here=here, there=there),
        _host(cookie, here=here, there=there),
        _secure(cookie, there=there),
        _find_mixed_content(here=here, there=there),
        _site(cookie, here=here, there=there),
        _http_only(cookie),
        _origin(here, there=there, origins=origins),
    ]
    blocking = [one for one in findings if one.state == "bad" and one.rule != "origin"]
    is_third_party = not _is_same_site(here, there)
    sent = Sent.NO if blocking else Sent.SOME if is_third_party else Sent.YES
    return Reach(sent=sent, findings=tuple(findings))


def _place(address: str) -> _Site:
    wanted = "Type a whole address, such as https://www.shop.example/support."
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
        host = host if _is_address(host) else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise UnreadableAddress(wanted) from error
    if host.endswith("."):
        raise UnreadableAddress(
            "Leave out the dot behind the host: to browsers it is another host, with cookies of its own."
        )
    if parts.scheme not in ("http", "https") or not (_HOST.match(host) or _is_address(host)):
        raise UnreadableAddress(wanted)
    shown = f"[{host}]" if ":" in host else host
    is_usual = port in (None, 443 if parts.scheme == "https" else 80)
    return _Site(scheme=parts.scheme, host=host, origin=f"{parts.scheme}://{shown}{'' if is_usual else f':{port}'}")


def _may_be_set(cookie: Cookie, *, here: _Site, there: _Site) -> list[ReachFinding]:
    domain = cookie.domain.lstrip(".").lower()
    told = [flaw for flaw in (_domain_flaw(domain, here=here, there=there),) if flaw]
    told += [flaw for is_so, flaw in _attribute_flaws(cookie, here=here) if is_so]
    if not told and domain and not _is_within(here.host, domain=domain):
        sentence = f"This page cannot set the cookie; only a server within {domain} can."
        return [ReachFinding(rule="set", state="note", sentence=sentence)]
    if not told:
        return [ReachFinding(rule="set", state="good", sentence="Browsers keep the cookie.")]
    return [ReachFinding(rule="set", state="bad", sentence=f"Browsers drop the cookie: {one}.") for one in told]


def _domain_flaw(domain: str, *, here: _Site, there: _Site) -> str:
    if not domain:
        return ""
    if _is_address(here.host) and domain != here.host:
        return "a page on an IP address cannot set Domain: leave it out"
    if _is_public_ending(domain) and domain != "localhost":
        return "Domain is a public ending, under which strangers register names"
    is_parent = _is_within(here.host, domain=domain) or _is_within(there.host, domain=domain)
    return "" if is_parent else "Domain must be the page's host or a parent of it"


def _attribute_flaws(cookie: Cookie, *, here: _Site) -> list[tuple[bool, str]]:
    # Browsers compare the prefixes without regard to case, for servers that read names so.
    is_bare, name = not cookie.is_secure, cookie.name.lower()
    is_hosts = name.startswith("__host-")
    return [
        (cookie.is_secure and not here.is_trustworthy, "a page without https cannot set Secure"),
        (is_bare and cookie.same_site is SameSite.NONE, "SameSite=None is only taken together with Secure"),
        (is_bare and cookie.is_partitioned, "Partitioned is only taken together with Secure"),
        (
            is_hosts and (is_bare or bool(cookie.domain)),
            "a name beginning with __Host- needs Secure, Path=/ and no Domain",
        ),
        (is_bare and name.startswith("__secure-"), "a name beginning with __Secure- needs Secure"),
    ]


def _host(cookie: Cookie, *, here: _Site, there: _Site) -> ReachFinding:
    domain = cookie.domain.lstrip(".").lower()
    if domain and _is_within(there.host, domain=domain):
        return ReachFinding(rule="host", state="good", sentence=f"The endpoint's host is within Domain={domain}.")
    if not domain and here.host == there.host:
        return ReachFinding(
            rule="host", state="good", sentence="Page and endpoint are on one host. Ports do not matter."
        )
    shared = _site_of(here.host)
    if shared == _site_of(there.host) and not _is_address(here.host):
        sentence = f"The cookie belongs to another host than {there.host}: set Domain={shared}."
    else:
        sentence = (
            f"The cookie belongs to {domain or here.host}, and no Domain can make it reach {there.host}: "
            "serve the bridge from a subdomain of the page's own domain, or send the token as a Bearer header."
        )
    return ReachFinding(rule="host", state="bad", sentence=sentence)


def _secure(cookie: Cookie, *, there: _Site) -> ReachFinding:
    if cookie.is_secure and not there.is_trustworthy:
        return ReachFinding(
            rule="secure", state="bad", sentence="A Secure cookie is not sent to an address without https."
        )
    if not cookie.is_secure and not there.is_loopback:
        return ReachFinding(
            rule="secure", state="note", sentence="Without Secure the token can leave unencrypted: set it."
        )
    return ReachFinding(rule="secure", state="good", sentence="Secure does not stand in the way.")


def _find_mixed_content(*, here: _Site, there: _Site) -> ReachFinding:
    if here.scheme == "https" and not there.is_trustworthy:
        sentence = "A page with https may not fetch an address without it: serve the bridge with https."
        return ReachFinding(rule="mixed", state="bad", sentence=sentence)
    return ReachFinding(rule="mixed", state="good", sentence="The page may fetch the address.")


def _site(cookie: Cookie, *, here: _Site, there: _Site) -> ReachFinding:
    if _is_same_site(here, there):
        word = cookie.same_site.value or "absent"
        return ReachFinding(
            rule="site", state="good", sentence=f"Page and endpoint are one site: SameSite {word} will do."
        )
    why = "the schemes differ" if _site_of(here.host) == _site_of(there.host) else "the domains differ"
    if cookie.same_site is not SameSite.NONE:
        sentence = f"Page and endpoint are two sites ({why}), and only SameSite=None; Secure would go along."
        return ReachFinding(rule="site", state="bad", sentence=sentence)
    if cookie.is_partitioned:
        sentence = (
            f"Page and endpoint are two sites ({why}), and a partitioned cookie is kept apart for each site in the "
            "address bar: only one that the endpoint's site set from within this page goes along."
        )
        return ReachFinding(rule="site", state="bad", sentence=sentence)
    sentence = (
        f"Page and endpoint are two sites ({why}): Chrome sends the cookie unless the person forbids it, Safari and "
        "Firefox do not. One registrable domain works everywhere."
    )
    return ReachFinding(rule="site", state="note", sentence=sentence)


def _http_only(cookie: Cookie) -> ReachFinding:
    if cookie.is_http_only:
        return ReachFinding(
            rule="http_only", state="good", sentence="HttpOnly: scripts cannot read it, fetch still sends it."
        )
    return ReachFinding(
        rule="http_only", state="note", sentence="Any script of the page can read the token: set HttpOnly."
    )


def _origin(here: _Site, *, there: _Site, origins: Collection[str]) -> ReachFinding:
    if here.origin in origins:
        return ReachFinding(
            rule="origin", state="good", sentence=f"{here.origin} is listed, so the page may read the answer."
        )
    if here.origin == there.origin:
        sentence = "The page is on the endpoint's own origin, which a POST names too: list it to be safe."
        return ReachFinding(rule="origin", state="note", sentence=sentence)
    sentence = f"Add {here.origin} to this integration's origins; here the port does matter."
    return ReachFinding(rule="origin", state="bad", sentence=sentence)


def _is_same_site(here: _Site, there: _Site) -> bool:
    return here.scheme == there.scheme and _site_of(here.host) == _site_of(there.host)


def _is_within(host: str, *, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and not _is_address(host))


def _site_of(host: str) -> str:
    """Return the registrable domain, the host itself where there is none."""
    if _is_address(host):
        return host
    return _public_suffixes().privatesuffix(host) or host


def _is_public_ending(domain: str) -> bool:
    return _public_suffixes().publicsuffix(domain) == domain


@cache
def _public_suffixes() -> PublicSuffixList:
    # Read at the first preview, not at import: most processes never need the list (2 MB, 35 ms).
    return PublicSuffixList()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

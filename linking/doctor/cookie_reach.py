"""The origin preview: whether browsers send the cookie with the Login JWT from a page to the token endpoint, and why.

Source: RFC 6265bis (domain match, SameSite, prefixes), the HTML and Fetch standards (same site is scheme and
registrable domain; ports do not count), developer.mozilla.org on partitioned cookies (CHIPS), read 2026-11. Chromium
was compared with the results (docs/wiring.md). The library brings the Public Suffix List; nothing asks a network.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from linking.core.text_marks import Sentence
from linking.core.text_marks import gettext_noop as _

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\Z")


class SameSite(StrEnum):
    """The attribute; most browsers treat a cookie without it as `Lax`."""

    STRICT = "Strict"
    LAX = "Lax"
    NONE = "None"
    ABSENT = ""


class Sent(StrEnum):
    """Which browsers send the cookie: all, some (Chrome by default, but not Safari and Firefox), none."""

    YES = "yes"
    SOME = "some"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie as the page or its server sets it; `domain` is "" without the attribute."""

    name: str
    domain: str
    same_site: SameSite
    is_secure: bool
    is_http_only: bool
    is_partitioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFinding:
    """One finding; `state` is `good`, `bad` or `note`."""

    rule: str
    state: str
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The result and its findings, in the order of a browser's checks."""

    sent: Sent
    findings: tuple[ReachFinding, ...]

    @property
    def first_problem(self) -> Sentence | None:
        """The first obstacle, None without one."""
        return next((finding.sentence for finding in self.findings if finding.state == "bad"), None)

    @property
    def is_readable(self) -> bool:
        """Whether the page may read the response, and gets one at all."""
        return not any(finding.state == "bad" and finding.rule == "origin" for finding in self.findings)


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
    """Not the address of a page; `sentence` says what to type."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.template)
        self.sentence = sentence


def preview(*, page: str, endpoint: str, cookie: Cookie, origins: Collection[str]) -> Reach:
    """Return whether browsers send a cookie that `page` set when it fetches `endpoint`; `origins` may read the answer.

    Raises: UnreadableAddress.
    """
    here, there = _parse_site(page), _parse_site(endpoint)
    findings = [
        *_judge_setting(cookie, here=here, there=there),
        _judge_host(cookie, here=here, there=there),
        _judge_secure(cookie, there=there),
        _judge_mixed_content(here=here, there=there),
        _judge_site(cookie, here=here, there=there),
        _judge_http_only(cookie),
        _judge_origin(here, there=there, origins=origins),
    ]
    is_blocked = any(finding.state == "bad" and finding.rule != "origin" for finding in findings)
    is_third_party = not _is_same_site(here, there)
    sent = Sent.NO if is_blocked else Sent.SOME if is_third_party else Sent.YES
    return Reach(sent=sent, findings=tuple(findings))


def _find(rule: str, state: str, template: str, **values: object) -> ReachFinding:
    return ReachFinding(rule=rule, state=state, sentence=Sentence(template, values))


def _parse_site(address: str) -> _Site:
    wanted = Sentence(_("Type a whole address, such as https://www.shop.example/support."))
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
        host = host if _is_address(host) else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise UnreadableAddress(wanted) from error
    if host.endswith("."):
        raise UnreadableAddress(
            Sentence(_("Remove the dot after the host. To browsers it is another host, with cookies of its own."))
        )
    if parts.scheme not in ("http", "https") or not (_HOST.match(host) or _is_address(host)):
        raise UnreadableAddress(wanted)
    shown = f"[{host}]" if ":" in host else host
    is_usual = port in (None, 443 if parts.scheme == "https" else 80)
    return _Site(scheme=parts.scheme, host=host, origin=f"{parts.scheme}://{shown}{'' if is_usual else f':{port}'}")


def _judge_setting(cookie: Cookie, *, here: _Site, there: _Site) -> list[ReachFinding]:
    domain = cookie.domain.lstrip(".").lower()
    flaws = [flaw for flaw in (_find_domain_flaw(domain, here=here, there=there),) if flaw]
    flaws += [flaw for is_so, flaw in _list_attribute_flaws(cookie, here=here) if is_so]
    if not flaws and domain and not _is_within(here.host, domain=domain):
        template = _("This page cannot set the cookie. Only a server within {domain} can.")
        return [_find("set", "note", template, domain=domain)]
    if not flaws:
        return [_find("set", "good", _("Browsers keep the cookie."))]
    return [_find("set", "bad", flaw) for flaw in flaws]


def _find_domain_flaw(domain: str, *, here: _Site, there: _Site) -> str:
    if not domain:
        return ""
    if _is_address(here.host) and domain != here.host:
        return _("Browsers drop the cookie: a page on an IP address cannot set Domain. Leave it out.")
    if _is_public_ending(domain) and domain != "localhost":
        return _("Browsers drop the cookie: Domain is a public ending, under which strangers register names.")
    is_parent = _is_within(here.host, domain=domain) or _is_within(there.host, domain=domain)
    return "" if is_parent else _("Browsers drop the cookie: Domain must be the page's host or a parent of it.")


def _list_attribute_flaws(cookie: Cookie, *, here: _Site) -> list[tuple[bool, str]]:
    # Browsers compare the prefixes without regard to case, for servers that read names so.
    is_bare, name = not cookie.is_secure, cookie.name.lower()
    is_hosts = name.startswith("__host-")
    return [
        (
            cookie.is_secure and not here.is_trustworthy,
            _("Browsers drop the cookie: a page without https cannot set Secure."),
        ),
        (
            is_bare and cookie.same_site is SameSite.NONE,
            _("Browsers drop the cookie: SameSite=None works only together with Secure."),
        ),
        (
            is_bare and cookie.is_partitioned,
            _("Browsers drop the cookie: Partitioned works only together with Secure."),
        ),
        (
            is_hosts and (is_bare or bool(cookie.domain)),
            _("Browsers drop the cookie: a name that begins with __Host- needs Secure, Path=/ and no Domain."),
        ),
        (
            is_bare and name.startswith("__secure-"),
            _("Browsers drop the cookie: a name that begins with __Secure- needs Secure."),
        ),
    ]


def _judge_host(cookie: Cookie, *, here: _Site, there: _Site) -> ReachFinding:
    domain = cookie.domain.lstrip(".").lower()
    if domain and _is_within(there.host, domain=domain):
        return _find("host", "good", _("The endpoint's host is within Domain={domain}."), domain=domain)
    if not domain and here.host == there.host:
        return _find("host", "good", _("Page and endpoint are on the same host. Ports do not matter."))
    shared = _find_site(here.host)
    if shared == _find_site(there.host) and not _is_address(here.host):
        template = _("The cookie belongs to another host than {host}. Set Domain={domain}.")
        return _find("host", "bad", template, host=there.host, domain=shared)
    template = _(
        "The cookie belongs to {domain}, and no Domain can make it reach {host}. Serve zdbridge from a subdomain of "
        "the page's own domain, or send the token as a Bearer header."
    )
    return _find("host", "bad", template, domain=domain or here.host, host=there.host)


def _judge_secure(cookie: Cookie, *, there: _Site) -> ReachFinding:
    if cookie.is_secure and not there.is_trustworthy:
        return _find("secure", "bad", _("Browsers do not send a Secure cookie to an address without https."))
    if not cookie.is_secure and not there.is_loopback:
        return _find("secure", "note", _("Without Secure the token can be sent unencrypted. Set Secure."))
    return _find("secure", "good", _("Secure is no obstacle."))


def _judge_mixed_content(*, here: _Site, there: _Site) -> ReachFinding:
    if here.scheme == "https" and not there.is_trustworthy:
        template = _("A page with https may not fetch an address without it. Serve zdbridge over https.")
        return _find("mixed", "bad", template)
    return _find("mixed", "good", _("The page may fetch the address."))


def _judge_site(cookie: Cookie, *, here: _Site, there: _Site) -> ReachFinding:
    if _is_same_site(here, there):
        if cookie.same_site is SameSite.ABSENT:
            return _find("site", "good", _("Page and endpoint are on the same site, so SameSite is not needed."))
        template = _("Page and endpoint are on the same site, so SameSite={word} works.")
        return _find("site", "good", template, word=cookie.same_site.value)
    if cookie.same_site is not SameSite.NONE:
        template = _("Page and endpoint are on two sites. Browsers send the cookie only with SameSite=None; Secure.")
        return _find("site", "bad", template)
    if cookie.is_partitioned:
        template = _(
            "Page and endpoint are on two sites. A partitioned cookie is separate for each site in the address bar, so "
            "browsers send it only if the endpoint's site set it from within this page."
        )
        return _find("site", "bad", template)
    template = _(
        "Page and endpoint are on two sites. Chrome sends the cookie unless the player forbids it; Safari and Firefox "
        "do not. With one registrable domain it works everywhere."
    )
    return _find("site", "note", template)


def _judge_http_only(cookie: Cookie) -> ReachFinding:
    if cookie.is_http_only:
        return _find("http_only", "good", _("HttpOnly: scripts cannot read the cookie; fetch still sends it."))
    return _find("http_only", "note", _("Any script on the page can read the token. Set HttpOnly."))


def _judge_origin(here: _Site, *, there: _Site, origins: Collection[str]) -> ReachFinding:
    if here.origin in origins:
        template = _("{origin} is an allowed origin, so the page may read the response.")
        return _find("origin", "good", template, origin=here.origin)
    if here.origin == there.origin:
        template = _("The page has the endpoint's own origin, which a POST sends too. Add it to be safe.")
        return _find("origin", "note", template)
    template = _("Add {origin} to the allowed origins of this integration. Here the port does matter.")
    return _find("origin", "bad", template, origin=here.origin)


def _is_same_site(here: _Site, there: _Site) -> bool:
    return here.scheme == there.scheme and _find_site(here.host) == _find_site(there.host)


def _is_within(host: str, *, domain: str) -> bool:
    return host == domain or (host.endswith(f".{domain}") and not _is_address(host))


def _find_site(host: str) -> str:
    """Return the registrable domain, the host itself where there is none."""
    if _is_address(host):
        return host
    return _load_public_suffixes().privatesuffix(host) or host


def _is_public_ending(domain: str) -> bool:
    return _load_public_suffixes().publicsuffix(domain) == domain


@cache
def _load_public_suffixes() -> PublicSuffixList:
    # Read at the first preview, not at import, because most processes never need the list (2 MB, 35 ms).
    return PublicSuffixList()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""The doctor's rules and states in words and symbols."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from linking.dashboard.shell.parts import Badge, Text
from linking.doctor import VerdictState

_GOOD = Badge(word=_("Good"), icon="circle-check", tone="good")
_BAD = Badge(word=_("Wrong"), icon="x", tone="bad")
_NOTE = Badge(word=_("Note"), icon="info-circle", tone="warn")
VERDICT_STATES: Mapping[str, Badge] = MappingProxyType(
    {
        VerdictState.GOOD: _GOOD,
        VerdictState.BAD: _BAD,
        VerdictState.NOTE: _NOTE,
        VerdictState.SKIPPED: Badge(word=_("Not checked"), icon="circle-dashed", tone="quiet"),
    }
)
FINDING_STATES: Mapping[str, Badge] = MappingProxyType({"good": _GOOD, "bad": _BAD, "note": _NOTE})
_RULES: Mapping[str, Text] = MappingProxyType(
    {
        "page": _("Page"),
        "passed": _("Token present"),
        "size": _("Length"),
        "shape": _("Three parts in base64url"),
        "header": _("Header"),
        "integration": _("Integration"),
        "place": _("Token type"),
        "algorithm": _("Algorithm"),
        "signature": _("Signature"),
        "claims": _("Readable claims"),
        "kind": _("Token of a player"),
        "lifetime": _("Expires after it starts"),
        "not_expired": _("Not expired"),
        "begun": _("Already valid"),
        "issuer": _("Issuer"),
        "project": _("Login project"),
        "audience": _("Audience"),
        "sub": _("User ID (sub)"),
        "email": _("E-mail address"),
        "zendesk_setup": _("Zendesk's settings"),
        "extra": _("No other claims"),
        "set": _("Browsers keep the cookie"),
        "host": _("Host"),
        "secure": _("Secure"),
        "mixed": _("Mixed content"),
        "site": _("SameSite"),
        "http_only": _("HttpOnly"),
        "origin": _("Origin is listed"),
    }
)


def name_rule(rule: str) -> Text:
    """Return a rule's name for people; a claim's rule is called as the claim."""
    return _RULES.get(rule, rule)

"""Whose token was pasted, how long it lives, and what it says: the claims in words, for the person who pasted them.

Nothing here is looked up: a site developer learns no more of a player than the token itself carries. Addresses and
phone numbers are masked for the groups that see them masked everywhere, because screens are shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from linking.dashboard.shell.rows import Reader
from linking.dashboard.shell.times import format_time
from linking.doctor import Diagnosis, TokenKind, write_claim

CLAIMS_SHOWN = 40
# Claims that hold a time, in epoch seconds.
_TIMES = frozenset({"exp", "iat", "nbf", "auth_time"})
_PROJECT = "xsolla_login_project_id"
# Which claim a rule judges, where the rule is not called as the claim.
_CLAIM_OF_RULE = {"not_expired": "exp", "issuer": "iss", "project": _PROJECT, "audience": "aud", "kind": "type"}
# Rules about a claim that a token may do without.
_OPTIONAL = frozenset({"iat", "nbf", "audience"})
# Later years than a date can have.
_END_EPOCH_S = 253_402_300_800


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim as text; `time` says when that is, "" where the claim is no time."""

    name: str
    value: str
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """The player, the project and the life of a token.

    `user_id`, `name`, `email` and `project` are "" where the token has none; `life` is a sentence, "" without a
    readable time. `is_signed` is false where nobody vouches for any of it. `rows_left_out` counts the claims that are
    not shown.
    """

    user_id: str
    name: str
    email: str
    project: str
    life: str
    is_over: bool
    is_signed: bool
    is_masked: bool
    rows: tuple[ClaimRow, ...]
    rows_left_out: int


def describe_token(diagnosis: Diagnosis, *, reader: Reader, now: float) -> TokenFacts | None:
    """Return what the token of `diagnosis` says, None where it cannot be read. `now` is in epoch seconds."""
    claims = diagnosis.claims
    if claims is None:
        return None
    user_id = claims.get("external_id" if diagnosis.kind is TokenKind.ZENDESK else "sub")
    ends_in_s = _count_seconds(claims.get("exp"), now=now)
    shown = list(claims)[:CLAIMS_SHOWN]
    return TokenFacts(
        user_id=reader.mask_id(write_claim(user_id)) if isinstance(user_id, str) else "",
        name=reader.mask_words(write_claim(claims.get("username") or claims.get("name") or "")),
        email=reader.mask_email(write_claim(claims.get("email") or "")),
        project=write_claim(claims.get(_PROJECT) or ""),
        life="" if ends_in_s is None else _describe_life(ends_in_s),
        is_over=ends_in_s is not None and ends_in_s <= 0,
        is_signed=diagnosis.is_signed,
        is_masked=not reader.sees_contact,
        rows=tuple(_build_row(name, claims[name], reader=reader, now=now) for name in shown),
        rows_left_out=len(claims) - len(shown),
    )


def find_value(rule: str, *, claims: Mapping[str, Any] | None, reader: Reader, now: float) -> str:
    """Return the value that `rule` judged, with its time, "" where the rule judges no claim."""
    name = _CLAIM_OF_RULE.get(rule, rule)
    if claims is None or name not in claims:
        return _("not in the token") if claims is not None and rule in _OPTIONAL else ""
    row = _build_row(name, claims[name], reader=reader, now=now)
    return _("%(value)s (%(time)s)") % {"value": row.value, "time": row.time} if row.time else row.value


def format_span(seconds: float) -> str:
    """Return a length of time in its two largest units: `23 h 59 min`."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": int(seconds) % 60}
    return _("%(seconds)s s") % {"seconds": int(seconds)}


def _describe_life(seconds: float) -> str:
    if seconds <= 0:
        return _("Expired %(span)s ago") % {"span": format_span(-seconds)}
    return _("Expires in %(span)s") % {"span": format_span(seconds)}


def _build_row(name: str, value: Any, *, reader: Reader, now: float) -> ClaimRow:
    ahead_s = _count_seconds(value, now=now) if name in _TIMES else None
    return ClaimRow(
        name=write_claim(name),
        value=_mask(name, value, reader=reader),
        time="" if ahead_s is None else _describe_moment(value, ahead_s=ahead_s),
    )


def _describe_moment(epoch_s: float, *, ahead_s: float) -> str:
    at = format_time(datetime.fromtimestamp(epoch_s, tz=UTC))
    span = format_span(abs(ahead_s))
    if ahead_s > 0:
        return _("%(at)s, in %(span)s") % {"at": at, "span": span}
    return _("%(at)s, %(span)s ago") % {"at": at, "span": span}


def _count_seconds(value: Any, *, now: float) -> float | None:
    """Return how far ahead of `now` a time is, None for what is no time."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < _END_EPOCH_S:
        return None
    return float(value - now)


def _mask(name: str, value: Any, *, reader: Reader) -> str:
    text = write_claim(value)
    if name in ("sub", "external_id"):
        return reader.mask_id(text)
    if name.endswith("email"):
        return reader.mask_email(text)
    if "phone" in name:
        return reader.mask_phone(text)
    return text if isinstance(value, bool | int | float) else reader.mask_words(text)

"""The refresh of one visitor: what it looked like when somebody asked, and what is different since.

What it looked like is kept in the asker's session as digests, so that no session row holds a name or an address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from linking.dashboard.parts import Notice
from linking.models import Visitor

PATIENCE = timedelta(seconds=60)
_SALT = "linking.dashboard.refreshing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """How an asked-for refresh stands: still under way, or over with a notice; neither when none was asked for."""

    is_under_way: bool = False
    notice: Notice | None = None


def note_asked(*, session: SessionBase, visitor: Visitor, now: datetime) -> None:
    """Remember what `visitor`, its `open_links` at hand, looks like at `now`."""
    session[_key(visitor)] = {"at": now.isoformat(), "was": _digests(visitor), "checked": _text(visitor.checked_at)}


def look(*, session: SessionBase, visitor: Visitor, now: datetime) -> Refreshing:
    """Return how the refresh of `visitor` stands at `now`, changing nothing."""
    mark = session.get(_key(visitor))
    asked_at = parse_datetime(mark["at"]) if mark else None
    if mark is None or asked_at is None:
        return Refreshing()
    if _text(visitor.checked_at) != mark["checked"]:
        return Refreshing(notice=_changes(visitor, was=mark["was"]))
    if now - asked_at < PATIENCE:
        return Refreshing(is_under_way=True)
    text = _("No answer from Zendesk so far. The request stays queued; the sync page says whether something is wrong.")
    return Refreshing(notice=Notice(tone="warn", icon="alert-triangle", text=text))


def forget(*, session: SessionBase, visitor: Visitor) -> None:
    """Drop what was remembered."""
    session.pop(_key(visitor), None)


def _key(visitor: Visitor) -> str:
    return f"refresh-{visitor.pk}"


def _changes(visitor: Visitor, *, was: dict[str, str]) -> Notice:
    names: dict[str, Any] = {
        "name": _("name"), "email": _("e-mail"), "phone": _("phone"), "notes": _("notes"),
        "state": _("state"), "user": _("Login user"), "banned": _("ban"), "external_id": _("external ID"),
    }  # fmt: skip
    changed = [names[name] for name, digest in _digests(visitor).items() if was.get(name) != digest]
    if not changed:
        return Notice(tone="good", icon="circle-check", text=_("Read from Zendesk again: nothing has changed."))
    return Notice(
        tone="good", icon="circle-check", text=_("Read from Zendesk again. Changed: %s.") % ", ".join(changed)
    )


def _digests(visitor: Visitor) -> dict[str, str]:
    user = next((link.login_user.user_id for link in visitor.open_links), "")  # type: ignore[attr-defined]
    values = {
        "name": visitor.name, "email": visitor.email, "phone": visitor.phone, "notes": visitor.notes,
        "state": visitor.state, "user": user, "banned": str(visitor.is_banned), "external_id": visitor.external_id,
    }  # fmt: skip
    return {name: salted_hmac(_SALT, value, algorithm="sha256").hexdigest()[:16] for name, value in values.items()}


def _text(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()

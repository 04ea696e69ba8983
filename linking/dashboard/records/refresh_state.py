"""The refresh of one visitor: how far it is, and what it changed.

The session of the person who asks holds digests of the old values, so that no session row holds a name or an address.
The result of the last refresh is stored with the visitor, for everyone who opens the page later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from linking import queue, tasks
from linking.dashboard.shell.parts import Notice
from linking.models import Visitor
from linking.sync import refresh

PATIENCE = timedelta(seconds=60)
_SALT = "linking.dashboard.refreshing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """A manual refresh: under way, or finished with a notice; neither without one."""

    is_under_way: bool = False
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRefresh:
    """When a visitor was last refreshed by hand, and what changed."""

    at: datetime
    text: str


def ask(*, session: SessionBase, person: str, visitor: Visitor, now: datetime) -> str:
    """Queue a refresh of `visitor` for `person`; return why that was not possible, "" if it was.

    A pending refresh is not queued again. `visitor` has its `open_links` loaded.
    """
    wish = refresh.request_refresh(visitor_pk=visitor.pk, person=person, now=now)
    if wish.wait_s:
        sentence = _("Only %(number)d refreshes a minute are possible. Try again in %(seconds)d seconds.")
        return sentence % {"number": refresh.PER_MINUTE, "seconds": wish.wait_s}
    if wish.is_to_be_queued:
        try:
            queue.put(task=tasks.refresh_visitor.name, visitor_pk=visitor.pk)
        except queue.BrokerUnavailable:
            refresh.drop_request(visitor_pk=visitor.pk)
            return _("The refresh could not be queued: the broker is not responding. Try again in a minute.")
    if not find_state(session=session, visitor=visitor, now=now).is_under_way:
        remember(session=session, visitor=visitor, now=now)
    return ""


def can_be_asked_for(*, visitor: Visitor) -> bool:
    """Return whether opening the page of `visitor` starts a refresh: it waits for lookup, and Zendesk can be asked."""
    integration = visitor.integration
    return visitor.checked_at is None and integration.enabled and not integration.blocked_reason


def remember(*, session: SessionBase, visitor: Visitor, now: datetime) -> None:
    """Remember what `visitor`, with its `open_links` loaded, looks like at `now`."""
    session[_name_key(visitor)] = {
        "at": now.isoformat(),
        "was": _digest(visitor),
        "checked": _format(visitor.checked_at),
    }


def find_state(*, session: SessionBase, visitor: Visitor, now: datetime) -> Refreshing:
    """Return how far the refresh of `visitor` is at `now`."""
    mark = session.get(_name_key(visitor))
    started_at = parse_datetime(mark["at"]) if mark else None
    if mark is None or started_at is None:
        return Refreshing()
    if _format(visitor.checked_at) != mark["checked"]:
        return Refreshing(notice=_describe_changes(visitor, was=mark["was"]))
    if now - started_at < PATIENCE:
        return Refreshing(is_under_way=True)
    text = _("Zendesk has not answered yet. The refresh stays queued; the sync page shows whether something is wrong.")
    return Refreshing(notice=Notice(tone="warn", icon="alert-triangle", text=text))


def forget(*, session: SessionBase, visitor: Visitor) -> None:
    """Forget what the visitor looked like."""
    session.pop(_name_key(visitor), None)


def find_last_refresh(*, visitor: Visitor) -> LastRefresh | None:
    """Return the result of the last manual refresh of `visitor`, by whomever; None without one. One query."""
    refresh_row = refresh.find_refresh(visitor_pk=visitor.pk)
    if refresh_row is None or (refresh_row.pending_since is not None and refresh_row.at >= refresh_row.pending_since):
        return None
    if not refresh_row.queued_because:
        names = _list_names()
        changed = ", ".join(names.get(name, name) for name in refresh_row.changed)
        return LastRefresh(at=refresh_row.at, text=_("Changed: %s.") % changed if changed else _("Nothing changed."))
    if visitor.checked_at is not None and visitor.checked_at >= refresh_row.at:
        text = _("Not possible at once: %s The visitor has been updated since.")
    elif visitor.lookup_attempts:
        text = _("Not possible at once: %s It is retried automatically.")
    else:
        text = _("Not possible at once: %s Queued, next in line.")
    return LastRefresh(at=refresh_row.at, text=text % refresh_row.queued_because)


def _name_key(visitor: Visitor) -> str:
    return f"refresh-{visitor.pk}"


def _describe_changes(visitor: Visitor, *, was: dict[str, str]) -> Notice:
    names = _list_names()
    changed = [names[name] for name, digest in _digest(visitor).items() if was.get(name) != digest]
    if not changed:
        return Notice(tone="good", icon="circle-check", text=_("Updated from Zendesk. Nothing has changed."))
    return Notice(tone="good", icon="circle-check", text=_("Updated from Zendesk. Changed: %s.") % ", ".join(changed))


def _list_names() -> dict[str, str]:
    return {
        "name": _("name"), "email": _("e-mail"), "phone": _("phone"), "notes": _("notes"), "state": _("state"),
        "user": _("player"), "banned": _("ban"), "is_banned": _("ban"), "external_id": _("external ID"),
        "visitor_id": _("visitor ID (Zendesk merged two visitors)"),
    }  # fmt: skip


def _digest(visitor: Visitor) -> dict[str, str]:
    user = next((link.login_user.user_id for link in visitor.open_links), "")  # type: ignore[attr-defined]
    values = {
        "name": visitor.name, "email": visitor.email, "phone": visitor.phone, "notes": visitor.notes,
        "state": visitor.state, "user": user, "banned": str(visitor.is_banned), "external_id": visitor.external_id,
    }  # fmt: skip
    return {name: salted_hmac(_SALT, value, algorithm="sha256").hexdigest()[:16] for name, value in values.items()}


def _format(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()

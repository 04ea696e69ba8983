"""What happens to Support users, and the events that tell of it. Source: README M2.6 and M9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.support.book import SupportBook
from sandbox.support.events import build_detail
from sandbox.support.people import Identity, SandboxUser

VALUE_EVENTS = ("external_id", "name", "role", "active", "suspended")
EXTRA_EVENTS = {
    "alias": "alias", "details": "details", "notes": "notes", "last_login_at": "last_login", "tags": "tags",
    "time_zone": "time_zone", "photo": "photo",
}  # fmt: skip


def create_user(book: SupportBook, *, now_s: float, fields: Mapping[str, Any]) -> SandboxUser:
    """Add a Support user."""
    user_id = fields.get("id") or book.people.mint_user_id()
    values = {"name": ""} | dict(fields) | {"id": user_id, "created_s": int(now_s), "updated_s": int(now_s)}
    user = book.people.put(SandboxUser(**values))
    _report(book, "created", user, {})
    return user


def change_user(book: SupportBook, user: SandboxUser, *, now_s: float, fields: Mapping[str, Any]) -> None:
    """Change fields of a user, and keys of `extra`; each difference is an event."""
    before = {name: getattr(user, name) for name in fields}
    book.people.change(user, now_s=int(now_s), fields=fields)
    for name in VALUE_EVENTS:
        if name in before and before[name] != fields[name]:
            current, previous = ("" if value is None else value for value in (fields[name], before[name]))
            _report(book, f"{name}_changed", user, {"current": current, "previous": previous})
    if before.get("email") != fields.get("email"):
        _report_address(book, user, previous=before["email"])
    extra_before, extra_now = before.get("extra") or {}, fields.get("extra") or {}
    for key in sorted(set(extra_now) & set(EXTRA_EVENTS)):
        if extra_before.get(key) != extra_now[key]:
            values = {"current": extra_now[key], "previous": extra_before.get(key)}
            _report(book, f"{EXTRA_EVENTS[key]}_changed", user, values)


def delete_user(book: SupportBook, user: SandboxUser, *, now_s: float) -> None:
    """Delete a user: the feed shows it with `active: false`."""
    book.people.change(user, now_s=int(now_s), fields={"active": False})
    _report(book, "deleted", user, {})


def erase_user(book: SupportBook, user: SandboxUser, *, now_s: float) -> None:
    """Delete a user for good; the new name may lag. Source: README M2.6."""
    if user.active:
        delete_user(book, user, now_s=now_s)

    def forget(later_s: float) -> None:
        book.people.change(user, now_s=int(later_s), fields={"is_erased": True, "identities": None})

    book.do_later(forget, delay_s=book.switches.support_delay_s)


def merge_users(book: SupportBook, *, winner: SandboxUser, loser: SandboxUser, now_s: float) -> None:
    """Merge two users: the winner keeps its ID and external ID and gets the tickets, and the identities late.

    The loser is `active: false`. The event names one of the two in `event.user`: which is U, so a switch.
    """
    visible_s = now_s + book.switches.identities_delay_s
    moved = [Identity(book.people.mint_identity_id(), i.kind, i.value, i.created_s, visible_s)
             for i in loser.identities or []]  # fmt: skip
    if loser.email and loser.email != winner.email:
        moved.append(Identity(book.people.mint_identity_id(), "email", loser.email, loser.created_s, visible_s))
    for ticket in book.people.list_tickets(loser.id):
        ticket.requester_id, ticket.updated_s = winner.id, int(now_s)
    book.people.change(loser, now_s=int(now_s), fields={"active": False, "identities": None})
    book.people.change(winner, now_s=int(now_s), fields={"identities": [*(winner.identities or []), *moved]})
    book.people.merged_into[loser.id] = winner.id
    for messaging_user in book.messaging.users.values():
        if messaging_user.support_id == loser.id:
            messaging_user.support_id = winner.id
    named, other = (loser, winner) if book.switches.merged_event_names == "loser" else (winner, loser)
    _report(book, "merged", other, {"user": {"id": str(named.id)}})


def add_identity(book: SupportBook, user: SandboxUser, *, kind: str, value: str, now_s: float) -> None:
    """Give a user one more identity."""
    identity = Identity(book.people.mint_identity_id(), kind, value, int(now_s))
    book.people.change(user, now_s=int(now_s), fields={"identities": [*(user.identities or []), identity]})
    shown = {"id": str(identity.id), "primary": False, "type": kind, "value": value}
    _report(book, "identity_created", user, {"identity": shown})


def _report_address(book: SupportBook, user: SandboxUser, *, previous: str | None) -> None:
    """Tell that the primary address is new, another one, or gone."""
    now, before = (
        {"id": str(user.id + 1), "primary": True, "type": "email", "value": value} for value in (user.email, previous)
    )
    if previous is None:
        _report(book, "identity_created", user, {"identity": now})
    elif user.email is None:
        _report(book, "identity_deleted", user, {"identity": before})
    else:
        _report(book, "identity_changed", user, {"current": now, "previous": before})


def _report(book: SupportBook, name: str, user: SandboxUser, event: dict[str, Any]) -> None:
    book.events.report(f"user.{name}", subject_id=user.id, detail=build_detail(user), event=event)

"""Support's calls about users. Source: README M3."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route
from sandbox.support.cursor import find_base
from sandbox.support.paging import read_pairs, respond_list
from sandbox.support.people import ROLES, Identity, SandboxUser
from sandbox.support.shapes import build_anonymous, build_deleted_user, build_identity, build_ticket, build_user
from sandbox.support.tokens import SandboxToken

MOST_IDS = 100
ALL_ROLES = frozenset(ROLES)


def show_many(call: Call) -> Response:
    """Answer the users with these `external_ids` (compared without case) or `ids`; unknown ones are missing.

    The order is shuffled, as none is promised. Raises: Problem for more than 100 (README M3: the status is U).
    """
    params, book = call.request.parse_query(), call.box.support
    by_external = "external_ids" in params
    wanted = [part.strip() for part in params.get("external_ids" if by_external else "ids", "").split(",")]
    wanted = [part for part in wanted if part]
    if len(wanted) > MOST_IDS:
        raise Problem(book.switches.too_many_ids_status, "TooManyIds", f"At most {MOST_IDS} ids in a call.")
    if by_external:
        found = [book.people.find_by_external(external_id) for external_id in wanted]
    else:
        found = [_find_shown(call, user_id) for user_id in wanted]
    users = list({user.id: user for user in found if user is not None}.values())
    if book.switches.shuffle:
        book.rng.shuffle(users)
    shown = [_build(call, user) for user in users]
    return respond_json({"users": shown, "next_page": None, "previous_page": None, "count": len(shown)})


def search_users(call: Call) -> Response:
    """Answer the user with this exact `external_id`, without search syntax; `query` finds an exact address only."""
    params, people = call.request.parse_query(), call.box.support.people
    if "external_id" in params:
        user = people.find_by_external(params["external_id"])
    else:
        user = people.find_by_email(params.get("query", "").removeprefix("email:"))
    shown = [] if user is None else [_build(call, user)]
    return respond_json({"users": shown, "next_page": None, "previous_page": None, "count": len(shown)})


def list_users(call: Call) -> Response:
    """Answer the active users, by `external_id`, or by `role` or `role[]`."""
    people = call.box.support.people
    pairs = read_pairs(call)
    external_ids = [value for name, value in pairs if name == "external_id"]
    roles = frozenset(value for name, value in pairs if name in ("role", "role[]")) or ALL_ROLES
    build = partial(_build, call)
    if external_ids:
        user = people.find_by_external(external_ids[-1])
        one = [user] if user is not None and user.role in roles else []
        return respond_list(call, "users", iterate=lambda after_id: _iterate(one, after_id), count=len(one),
                            build=build)  # fmt: skip
    return respond_list(
        call, "users", iterate=lambda after_id: people.iterate(roles=roles, after_id=after_id),
        count=people.count(roles=roles), build=build,
    )  # fmt: skip


def show_user(call: Call) -> Response:
    """Answer one user. Raises: Problem 404 RecordNotFound."""
    return respond_json({"user": _build(call, _find_user(call))})


def show_me(call: Call, token: SandboxToken | None) -> Response:
    """Answer the user the credentials act as; without any, 200 and an anonymous user with `id` null."""
    if token is None:
        return respond_json({"user": build_anonymous()})
    return respond_json({"user": _build(call, call.box.support.people.users[token.owner_id])})


def list_identities(call: Call) -> Response:
    """Answer the identities of a user: the address, and those of conversations. Moved ones appear late (README M2.6).

    The value of a `messaging` identity is unknown; it is the messaging user's ID here.
    """
    user, base = _find_user(call), find_base(call)
    identities = [identity for identity in user.identities or [] if identity.visible_s <= call.now_s]
    if user.email:
        identities.insert(0, Identity(user.id + 1, "email", user.email, user.created_s))
    identities.sort(key=lambda identity: identity.id)
    shown = [
        build_identity(
            identity, user_id=user.id, base=base, is_primary=identity.value == user.email,
            is_verified=user.verified if identity.kind == "email" else True,
        )
        for identity in identities
    ]  # fmt: skip
    meta = {"has_more": False, "after_cursor": None, "before_cursor": None}
    return respond_json({"identities": shown, "meta": meta, "links": {"next": None, "prev": None}})


def list_deleted_users(call: Call) -> Response:
    """Answer deleted and permanently deleted users together. Source: README M2.6."""
    people = call.box.support.people
    users = [people.users[user_id] for user_id in sorted(people.deleted_ids)]
    return respond_list(call, "deleted_users", iterate=lambda after_id: _iterate(users, after_id), count=len(users),
                        build=partial(build_deleted_user, base=find_base(call)))  # fmt: skip


def show_deleted_user(call: Call) -> Response:
    """Answer one deleted user. Raises: Problem 404 RecordNotFound."""
    user = call.box.support.people.users.get(_parse_id(call.params["user_id"]))
    if user is None or user.active:
        raise _build_not_found()
    return respond_json({"deleted_user": build_deleted_user(user, base=find_base(call))})


def list_requested_tickets(call: Call) -> Response:
    """Answer the tickets that the user requested. Source: README M5."""
    tickets = call.box.support.people.list_tickets(_find_user(call).id)
    build = partial(build_ticket, base=find_base(call))
    return respond_list(
        call, "tickets", iterate=lambda after_id: iter([t for t in tickets if t.id > after_id]), count=len(tickets),
        build=build,
    )  # fmt: skip


def show_ticket(call: Call) -> Response:
    """Answer one ticket. Raises: Problem 404 RecordNotFound."""
    ticket = call.box.support.people.tickets.get(_parse_id(call.params["ticket_id"]))
    if ticket is None:
        raise _build_not_found()
    return respond_json({"ticket": build_ticket(ticket, base=find_base(call))})


def _build(call: Call, user: SandboxUser) -> dict[str, object]:
    keeps = call.box.support.switches.deleted_keeps_external_id
    return build_user(user, base=find_base(call), keeps_external_id=keeps)


def _iterate(users: list[SandboxUser], after_id: int) -> Iterator[SandboxUser]:
    return (user for user in users if user.id > after_id)


def _find_shown(call: Call, text: str) -> SandboxUser | None:
    """Return the user with this ID, or None; the switch `deleted_user` tells whether a deleted one is shown."""
    book = call.box.support
    user = book.people.users.get(_parse_id(text))
    is_hidden = user is not None and not user.active and book.switches.deleted_user == "missing"
    return None if is_hidden else user


def _find_user(call: Call) -> SandboxUser:
    user = _find_shown(call, call.params["user_id"])
    if user is None:
        raise _build_not_found()
    return user


def _parse_id(text: str) -> int:
    """Return the number, 0 for a text that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _build_not_found() -> Problem:
    return Problem(404, "RecordNotFound", "Not found")


ROUTES = [
    Route("GET", "/api/v2/users", list_users),
    Route("GET", "/api/v2/users/show_many", show_many),
    Route("GET", "/api/v2/users/search", search_users),
    Route("GET", "/api/v2/users/{user_id}", show_user),
    Route("GET", "/api/v2/users/{user_id}/identities", list_identities),
    Route("GET", "/api/v2/users/{user_id}/tickets/requested", list_requested_tickets),
    Route("GET", "/api/v2/deleted_users", list_deleted_users),
    Route("GET", "/api/v2/deleted_users/{user_id}", show_deleted_user),
    Route("GET", "/api/v2/tickets/{ticket_id}", show_ticket),
]

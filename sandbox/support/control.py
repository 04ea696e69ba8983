"""Control calls about the Support account. See README.md."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from sandbox.control_body import read_items, read_text, read_time, refuse_unknown
from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, read_number
from sandbox.support.changes import change_user, create_user, delete_user, erase_user, merge_users
from sandbox.support.panel import sign_start
from sandbox.support.people import END_USER, ROLES, SandboxUser, SupportStore
from sandbox.support.seed import PeoplePlan, make_people, pause_collection
from sandbox.support.shapes import EXTRA_KEYS
from sandbox.world.books import NotLocalAddress, require_local
from sandbox.world.seed import BASE_S, SAFE_AGE_S, SPAN_S

PEOPLE_COUNTS = (
    "support_users", "support_agents", "support_without_id", "support_foreign", "support_upper", "support_suspended",
    "support_deleted", "support_ties",
)  # fmt: skip
MOST_LISTED = 2_000_000
HIGHEST_ID = 2**63 - 1
MOST_TICKETS = 10_000  # Source: README M2.6
FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "email": (str, type(None)), "external_id": (str, type(None)), "role": (str,), "suspended": (bool,),
    "verified": (bool,),
}  # fmt: skip
USER_KEYS = frozenset({*FIELD_TYPES, "id", "updated_at", "deleted", "erased"})


def seed_people(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Replace the Support users by generated ones; return the counts. Switches and counters stay.

    `body` has been checked: counts, `seed`, `span_s` and `now`.
    """
    began_s = time.perf_counter()
    counts = {name: body[name] for name in (*PEOPLE_COUNTS, "seed") if name in body}
    span_s = body.get("span_s") or SPAN_S
    start_s = int(call.now_s) - SAFE_AGE_S - span_s if body.get("now") is True else BASE_S
    plan = replace(PeoplePlan(), **counts, start_s=start_s, span_s=span_s)
    if plan.support_upper + plan.support_suspended + plan.support_deleted > plan.support_users:
        sentence = "support_upper, support_suspended and support_deleted are parts of support_users."
        raise Problem(400, "Bad Request", sentence)
    book = call.box.support
    with pause_collection():
        book.replace_people(make_people(plan))
    shown = {name: value for name, value in asdict(plan).items() if name in PEOPLE_COUNTS}
    return shown | {
        "support_in_feed": len(book.people.users), "support_truth": sum(1 for _ in iterate_truth(book.people.users)),
        "support_elapsed_s": round(time.perf_counter() - began_s, 3),
    }  # fmt: skip


def iterate_truth(users: dict[int, SandboxUser]) -> Any:
    """Yield (ID, external ID) of active end users that have one."""
    return (
        (user.id, user.external_id)
        for user in users.values()
        if user.active and user.role == END_USER and user.external_id
    )


def show_truth(call: Call) -> Response:
    """Answer a page of the people with an external ID, by Support user ID. Parameters: `after`, `limit`."""
    params = call.request.parse_query()
    limit = read_number(params, "limit", default=10_000, low=1, high=MOST_LISTED)
    after = read_number(params, "after", default=0, low=0, high=10**18)
    pairs = [pair for pair in sorted(iterate_truth(call.box.support.people.users)) if pair[0] > after]
    page = list(islice(pairs, limit))
    return respond_json({
        "truth": {str(user_id): external_id for user_id, external_id in page}, "count": len(page),
        "remaining": len(pairs) - len(page), "next": str(page[-1][0]) if len(page) < len(pairs) else None,
    })  # fmt: skip


def set_switches(call: Call) -> Response:
    """Set switches of the Support account and answer them all."""
    call.box.support.switches.set(call.read_json())
    return show_switches(call)


def show_switches(call: Call) -> Response:
    """Answer the switches."""
    return respond_json(asdict(call.box.support.switches))


def refuse_cursors(call: Call) -> Response:
    """Refuse all cursors given so far; new ones work. Source: README M4, the status is U: `refused_cursor_status`."""
    if call.read_json():
        raise Problem(400, "Bad Request", "This call takes no keys.")
    call.box.support.cursor_generation += 1
    return respond_json({"status": call.box.support.switches.refused_cursor_status})


def end_tokens(call: Call) -> Response:
    """End all access tokens given so far; new ones work."""
    if call.read_json():
        raise Problem(400, "Bad Request", "This call takes no keys.")
    tokens = call.box.support.tokens.tokens
    ended = len(tokens)
    tokens.clear()
    return respond_json({"ended": ended})


def put_users(call: Call) -> Response:
    """Add or change Support users, with the events that tell of it; `deleted` and `erased` remove. Answer them.

    A new user needs no `id`. `updated_at` is the time of the change, now by itself.
    """
    book, shown = call.box.support, []
    for item in read_items(call):
        refuse_unknown(item, USER_KEYS | EXTRA_KEYS)
        if "id" in item:
            item["id"] = read_user_id(item, "id")
        user = book.people.users.get(item.get("id", 0))
        if user is None and (item.get("deleted") or item.get("erased")):
            raise Problem(400, "Bad Request", "There is no such user.")
        now_s = read_time(item["updated_at"]) if "updated_at" in item else call.now_s
        fields = _read_fields(item, user, book.people)
        if user is None:
            user = create_user(book, now_s=now_s, fields=fields)
        elif fields:
            change_user(book, user, now_s=now_s, fields=fields)
        if item.get("erased") is True:
            erase_user(book, user, now_s=now_s)
        elif item.get("deleted") is True:
            delete_user(book, user, now_s=now_s)
        shown.append({"id": user.id, "external_id": user.external_id, "active": user.active})
    return respond_json({"users": shown})


def _read_fields(item: dict[str, Any], user: SandboxUser | None, people: SupportStore) -> dict[str, Any]:
    """Return the checked fields of a user. Raises: Problem 400."""
    fields = {name: item[name] for name in FIELD_TYPES if name in item}
    wrong = [name for name, value in fields.items() if type(value) not in FIELD_TYPES[name]]
    if wrong or fields.get("role", END_USER) not in ROLES:
        raise Problem(400, "Bad Request", f"These have the wrong type: {', '.join(wrong) or 'role'}.")
    for name, find in (("external_id", people.find_by_external), ("email", people.find_by_email)):
        owner = find(fields[name]) if fields.get(name) else None
        if owner is not None and owner is not user:
            raise Problem(400, "Bad Request", f"{name} belongs to the user {owner.id}.")
    extra = {name: item[name] for name in EXTRA_KEYS if name in item}
    if extra:
        fields["extra"] = ((user.extra if user else None) or {}) | extra
    return fields | ({"id": item["id"]} if user is None and "id" in item else {})


def read_user_id(item: dict[str, Any], name: str) -> int:
    """Return the ID of a user, a number or its decimal text. Raises: Problem 400."""
    text = "" if isinstance(item.get(name), bool) else str(item.get(name))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= HIGHEST_ID):
        raise Problem(400, "Bad Request", f"{name} must be the ID of a user.")
    return int(text)


def merge(call: Call) -> Response:
    """Merge the end user `loser` into the end user `winner`. Source: README M2.6."""
    body, book = call.read_json(), call.box.support
    refuse_unknown(body, {"winner", "loser"})
    winner, loser = (book.people.users.get(read_user_id(body, name)) for name in ("winner", "loser"))
    if winner is None or loser is None or winner is loser:
        raise Problem(400, "Bad Request", "winner and loser must be the IDs of two users.")
    if {winner.role, loser.role} != {END_USER} or not (winner.active and loser.active):
        raise Problem(400, "Bad Request", "Only active end users can be merged.")
    if len(book.people.list_tickets(loser.id)) > MOST_TICKETS:
        raise Problem(400, "Bad Request", f"The loser may have requested {MOST_TICKETS} tickets.")
    merge_users(book, winner=winner, loser=loser, now_s=call.now_s)
    return respond_json({"id": winner.id, "external_id": winner.external_id})


def remove_messaging_user(call: Call) -> Response:
    """Remove the messaging user `id`, named by ID or external ID, with its conversations. Source: README M2.6."""
    body, book = call.read_json(), call.box.support
    refuse_unknown(body, {"id"})
    user = book.messaging.find(read_text(body, "id"))
    if user is None:
        raise Problem(400, "Bad Request", "There is no such messaging user.")
    book.messaging.drop(user)
    book.sunco_hook.report_removal(user, now_s=call.now_s)
    return respond_json({"id": user.id})


def set_webhook(call: Call) -> Response:
    """Send events to `url`, signed with `secret`; `types` limits them; `test` makes the call of a new webhook first."""
    body, hook = call.read_json(), call.box.support.events
    refuse_unknown(body, {"url", "secret", "types", "test"})
    types = body.get("types", [])
    if not isinstance(types, list) or not all(isinstance(name, str) for name in types):
        raise Problem(400, "Bad Request", "types is a list of texts such as user.created.")
    hook.url, hook.secret = _read_address(body), str(body.get("secret", ""))
    hook.types = tuple(name.removeprefix("zen:event-type:") for name in types)
    tested = {"test_status": hook.send_test_call()} if body.get("test") is True and hook.url else {}
    return respond_json(hook.to_json() | tested)


def show_webhook(call: Call) -> Response:
    """Answer the address and the deliveries."""
    return respond_json(call.box.support.events.to_json())


def set_sunco_hook(call: Call) -> Response:
    """Send the events of messaging users to `url`, with `secret` in X-API-Key. Source: README M10."""
    body, hook = call.read_json(), call.box.support.sunco_hook
    refuse_unknown(body, {"url", "secret"})
    hook.url, hook.secret = _read_address(body), str(body.get("secret", ""))
    return show_sunco_hook(call)


def show_sunco_hook(call: Call) -> Response:
    """Answer the address and the deliveries."""
    hook = call.box.support.sunco_hook
    return respond_json({"url": hook.url, "deliveries": list(hook.deliveries)})


def mint_panel_token(call: Call) -> Response:
    """Answer the token of a signed start. `claims` changes claims, null removes one; `foreign` signs with another key.

    `location` is the app's place, `ticket_sidebar` by itself. Source: README M11.
    """
    body = call.read_json()
    refuse_unknown(body, {"location", "claims", "foreign"})
    changes, location = body.get("claims") or {}, body.get("location", "ticket_sidebar")
    if not isinstance(changes, dict) or not isinstance(location, str):
        raise Problem(400, "Bad Request", "claims must be an object, location a text.")
    is_foreign = body.get("foreign") is True
    token = sign_start(now_s=call.now_s, location=location, changes=changes, is_foreign=is_foreign)
    return respond_json({"token": token})


def _read_address(body: dict[str, Any]) -> str:
    """Return `url`. Raises: Problem 400 when it is not http on this machine."""
    url = str(body.get("url", ""))
    try:
        require_local(url)
    except NotLocalAddress as error:
        raise Problem(400, "Bad Request", str(error)) from error
    return url


ROUTES = [
    Route("POST", "/support", set_switches),
    Route("GET", "/support", show_switches),
    Route("GET", "/support/truth", show_truth),
    Route("POST", "/support/refuse_cursors", refuse_cursors),
    Route("POST", "/support/end_tokens", end_tokens),
    Route("POST", "/support/users", put_users),
    Route("POST", "/support/merge", merge),
    Route("POST", "/support/remove_messaging_user", remove_messaging_user),
    Route("POST", "/support/panel_token", mint_panel_token),
    Route("POST", "/support/webhook", set_webhook),
    Route("GET", "/support/webhook", show_webhook),
    Route("POST", "/support/sunco_webhook", set_sunco_hook),
    Route("GET", "/support/sunco_webhook", show_sunco_hook),
]

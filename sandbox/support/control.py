"""Control calls about the Support account. See README.md."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, read_number
from sandbox.support.people import END_USER, SupportUser
from sandbox.support.seed import PeoplePlan, make_people, pause_collection
from sandbox.world.seed import BASE_S, SAFE_AGE_S, SPAN_S

PEOPLE_COUNTS = (
    "support_users", "support_agents", "support_without_id", "support_foreign", "support_upper", "support_suspended",
    "support_deleted", "support_ties",
)  # fmt: skip
MOST_LISTED = 2_000_000


def seed_people(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Replace the Support users by generated ones; return the counts. Switches and counters stay.

    `body` has been checked: counts, `seed`, `span_s` and `now`.
    """
    began_s = time.perf_counter()
    counts = {name: body[name] for name in (*PEOPLE_COUNTS, "seed") if name in body}
    span_s = body.get("span_s") or SPAN_S
    start_s = int(call.now_s) - SAFE_AGE_S - span_s if body.get("now") is True else BASE_S
    plan = replace(PeoplePlan(), **counts, start_s=start_s, span_s=span_s)
    book = call.box.support
    with pause_collection():
        book.replace_people(make_people(plan))
    shown = {name: value for name, value in asdict(plan).items() if name in PEOPLE_COUNTS}
    return shown | {
        "support_in_feed": len(book.people.users), "support_truth": sum(1 for _ in iterate_truth(book.people.users)),
        "support_elapsed_s": round(time.perf_counter() - began_s, 3),
    }  # fmt: skip


def iterate_truth(users: dict[int, SupportUser]) -> Any:
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


ROUTES = [
    Route("POST", "/support", set_switches),
    Route("GET", "/support", show_switches),
    Route("GET", "/support/truth", show_truth),
    Route("POST", "/support/refuse_cursors", refuse_cursors),
    Route("POST", "/support/end_tokens", end_tokens),
]

"""What a test may do to the world: `/_control/…`, without a token, from this machine only."""

from __future__ import annotations

import time
from dataclasses import asdict, fields, replace
from ipaddress import ip_address
from itertools import islice
from typing import Any

from sandbox.control_body import read_items, read_text, read_time, refuse_unknown
from sandbox.http1 import Response, respond_json
from sandbox.jwt import encode_hs256
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table, read_number, refuse_foreign_origin
from sandbox.support.control import PEOPLE_COUNTS, seed_people
from sandbox.support.control import ROUTES as SUPPORT_ROUTES
from sandbox.world.books import MOST_KEYS, NotLocalAddress
from sandbox.world.faults import RULE_NAMES, SWITCH_NAMES
from sandbox.world.players import build_claims
from sandbox.world.seed import BASE_S, SAFE_AGE_S, SPAN_S, SeedPlan, fill
from sandbox.world.state import Chat, World, ZendeskVisitor, format_time

MOST_RECORDS = 2_000_000
JUNK_WORDS = frozenset({"null", "undefined", "0"})
PLAN_COUNTS = ("visitors", "chats", "ties", "shared", "aliases", "gone", "junk", "malformed")
PLAN_SHARES = ("anonymous_share", "offline_share")


class ControlService(Service):
    """`/_control/…`."""

    name = "control"
    prefixes = ("/_control",)

    def __init__(self) -> None:
        self.table = Table(ROUTES)

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse other machines, and pages of other sites in a browser on this one."""
        if not ip_address(call.request.peer.partition("%")[0]).is_loopback:
            raise Problem(403, "Forbidden", "Control answers this machine only.")
        refuse_foreign_origin(call.request)


def reset(call: Call) -> Response:
    """Reset to a plain start, or with `{"empty": true}` to a world without records."""
    body = call.read_json()
    refuse_unknown(body, {"empty"})
    call.box.reset(empty=body.get("empty") is True)
    return respond_json(call.box.report()["records"])


def seed(call: Call) -> Response:
    """Replace visitors and chats, or Support users, by generated ones and answer the counts. Faults and counters stay.

    Support users are replaced when the body counts any; visitors and chats are replaced when it counts any, or neither.
    """
    body = _read_plan(call)
    has_people = any(name in body for name in PEOPLE_COUNTS)
    has_chat = not has_people or any(name in body for name in (*PLAN_COUNTS, *PLAN_SHARES))
    answer = _seed_chat(call, {name: body[name] for name in body if name not in PEOPLE_COUNTS}) if has_chat else {}
    if has_people:
        answer = {"seed": body.get("seed", 1)} | answer | seed_people(call, body)
    return respond_json(answer)


def _seed_chat(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    plan, world, began_s = _build_plan(call, body), World(), time.perf_counter()
    fill(world=world, plan=plan)
    world.bans = {}
    call.box.world = world
    linked = sum(1 for _ in find_truth(world))
    anonymous = sum(not visitor.external_id for visitor in world.visitors.values())
    return {
        **asdict(plan), "truth": linked, "anonymous": anonymous, "start": format_time(plan.start_s),
        "first_update": format_time(world.by_update[0][0]) if world.by_update else None,
        "last_update": format_time(world.by_update[-1][0]) if world.by_update else None,
        "elapsed_s": round(time.perf_counter() - began_s, 3),
    }  # fmt: skip


def show_truth(call: Call) -> Response:
    """Answer a page of the links a poller should find, user ID by visitor ID. Parameters: `after`, `limit`."""
    params = call.request.parse_query()
    limit = read_number(params, "limit", default=10_000, low=1, high=MOST_RECORDS)
    after = params.get("after", "")
    pairs = [pair for pair in find_truth(call.box.world) if pair[0] > after]
    page = list(islice(pairs, limit))
    return respond_json({
        "truth": dict(page), "count": len(page), "remaining": len(pairs) - len(page),
        "next": page[-1][0] if len(page) < len(pairs) and page else None,
    })  # fmt: skip


def find_truth(world: World) -> list[tuple[str, str]]:
    """Return sorted (visitor_id, user_id) of visitors that have a chat, are not gone and carry a valid user ID."""
    visitor_ids = {
        chat.visitor_id
        for chat in world.chats.values()
        if chat.raw is None and (chat.details is None or "visitor" not in chat.details)
    }
    reachable = {world.find_canonical_id(visitor_id) for visitor_id in visitor_ids}
    visitors = (world.visitors.get(visitor_id) for visitor_id in reachable)
    return sorted(
        (v.id, str(v.external_id)) for v in visitors if v is not None and not v.gone and is_user_id(v.external_id)
    )


def is_user_id(external_id: Any) -> bool:
    """Return whether an `external_id` can be a user ID: 1 to 255 printable characters, not a word such as "null"."""
    if external_id is None or isinstance(external_id, bool):
        return False
    text = str(external_id)
    return 0 < len(text) <= 255 and text == text.strip() and text.isprintable() and text.lower() not in JUNK_WORDS


def set_faults(call: Call) -> Response:
    """Set switches, and replace the fault rules when the body holds any rule key or nothing at all.

    `rules` gives several, `add` keeps the current ones, `clear` removes them. Raises: Problem 400 naming unknown keys.
    """
    body = call.read_json()
    refuse_unknown(body, SWITCH_NAMES | RULE_NAMES | {"rules", "add", "clear"})
    switches = {name: value for name, value in body.items() if name in SWITCH_NAMES}
    single = {name: value for name, value in body.items() if name in RULE_NAMES}
    several = body.get("rules", [])
    if not isinstance(several, list) or not all(isinstance(rule, dict) and set(rule) <= RULE_NAMES for rule in several):
        raise Problem(400, "Bad Request", f"rules is a list of objects with the keys {', '.join(sorted(RULE_NAMES))}.")
    call.box.switches.set(switches)
    if single or several or not switches or body.get("clear"):
        call.box.faults.set_rules([*([single] if single else []), *several], add=body.get("add") is True)
    return show_faults(call)


def show_faults(call: Call) -> Response:
    """Answer the rules with their counts, and the switches."""
    return respond_json({"rules": call.box.faults.to_json(), "switches": asdict(call.box.switches)})


def show_stats(call: Call) -> Response:
    """Answer the counters since the start or the last reset."""
    return respond_json(call.box.report())


def put_visitors(call: Call) -> Response:
    """Add or change visitors. Any field of the record is allowed; fields left out of a known visitor stay."""
    names = {item.name for item in fields(ZendeskVisitor)}
    world = call.box.world
    for item in read_items(call):
        refuse_unknown(item, names | {"created"})
        known = world.visitors.get(read_text(item, "id"))
        if "created" in item or "created_s" in item:
            item["created_s"] = read_time(item.pop("created", item.get("created_s")))
        if not all(isinstance(item.get(name), str | None) for name in ("name", "email", "phone", "notes")):
            raise Problem(400, "Bad Request", "name, email, phone and notes are texts or null.")
        base = known or ZendeskVisitor(id=item["id"], name="", created_s=int(call.now_s))
        world.put_visitor(replace(base, **item))
    return respond_json({"visitors": len(world.visitors)})


def put_chats(call: Call) -> Response:
    """Add or change chats: `id`, `visitor_id`, times as epoch or ISO 8601; other keys are shown unchanged.

    A new update time makes the export show a known chat again.
    """
    world = call.box.world
    for item in read_items(call):
        chat_id = read_text(item, "id")
        known = world.chats.get(chat_id)
        update_s = read_time(item.pop("update_timestamp", known.update_s if known else int(call.now_s) - SAFE_AGE_S))
        start_s = read_time(item.pop("timestamp", known.start_s if known else update_s - 600))
        kind = str(item.pop("type", known.kind if known else "chat"))
        end = item.pop("end_timestamp", known.end_s if known else (0 if kind == "offline_msg" else update_s - 60))
        visitor_id = str(item.pop("visitor_id", known.visitor_id if known else ""))
        details = {name: value for name, value in item.items() if name not in ("id", "deleted")}
        deleted = item.get("deleted", known.deleted if known else False) is True
        merged = ((known.details if known else None) or {}) | details
        chat = Chat(chat_id, visitor_id, start_s, read_time(end), update_s, kind, deleted, merged or None)
        world.put_chat(chat)
        if deleted:
            world.hide(chat)
    return respond_json({"chats": len(world.chats)})


def put_raw_chats(call: Call) -> Response:
    """Add records that the export shows exactly as given in `record`, at `update_timestamp` and `id`."""
    for item in read_items(call):
        refuse_unknown(item, {"id", "update_timestamp", "record"})
        update_s = read_time(item.get("update_timestamp", BASE_S))
        chat_id = read_text(item, "id") if "id" in item else call.box.world.mint_chat_id(start_s=update_s)
        call.box.world.put_chat(Chat(chat_id, "", update_s, update_s, update_s, raw=[item.get("record")]))
    return respond_json({"chats": len(call.box.world.chats)})


def put_aliases(call: Call) -> Response:
    """Make the ID `alias` lead to the visitor `canonical`."""
    for item in read_items(call):
        refuse_unknown(item, {"alias", "canonical"})
        alias, canonical = read_text(item, "alias"), read_text(item, "canonical")
        if canonical not in call.box.world.visitors or alias == canonical:
            raise Problem(400, "Bad Request", "canonical must be a visitor, and another one than alias.")
        call.box.world.put_alias(alias=alias, canonical=canonical)
    return respond_json({"aliases": len(call.box.world.aliases)})


def set_shared_secret(call: Call) -> Response:
    """Replace the shared secret by `value`: the old one is invalid at once, and sessions lose their authentication."""
    value = read_text(call.read_json(), "value")
    call.box.config.shared_secret = value
    call.box.widget.drop_authentication()
    return respond_json({"sessions_cut": len(call.box.widget.sessions)})


def set_messaging_key(call: Call) -> Response:
    """Add or change the Messaging signing key `id` with the secret `value`; delete it when `value` is left out."""
    body, keys = call.read_json(), call.box.config.messaging_keys
    refuse_unknown(body, {"id", "value"})
    key_id = read_text(body, "id")
    if body.get("value") is None:
        keys.pop(key_id, None)
    elif key_id not in keys and len(keys) >= MOST_KEYS:
        raise Problem(400, "Bad Request", f"An account has at most {MOST_KEYS} signing keys.")
    else:
        keys[key_id] = read_text(body, "value")
    return respond_json({"keys": sorted(keys)})


def set_webhook(call: Call) -> Response:
    """Send ended chats to `url`, signed with `secret`; `body` is the template, with Support's placeholders."""
    body = call.read_json()
    refuse_unknown(body, {"url", "secret", "body"})
    settings = {name: str(body.get(name, "")) for name in ("url", "secret", "body")}
    try:
        call.box.webhook.set(**settings)
    except NotLocalAddress as error:
        raise Problem(400, "Bad Request", str(error)) from error
    return show_webhook(call)


def show_webhook(call: Call) -> Response:
    """Answer the webhook's address and the calls made."""
    return respond_json(call.box.webhook.to_json())


def mint_login_jwt(call: Call) -> Response:
    """Answer a Login JWT of `player`. `claims` changes claims, null removes one; HS256 projects only."""
    body = call.read_json()
    refuse_unknown(body, {"player", "claims"})
    book, changes = call.box.login, body.get("claims")
    player = book.find_player(key=str(body.get("player", "nadia")))
    if player is None or not isinstance(changes, dict | None) or (changes and player.is_rs256):
        raise Problem(400, "Bad Request", "player must be a demo player; claims an object, for HS256 players only.")
    if not changes:
        return respond_json({"token": book.mint(player=player, now_s=call.now_s)})
    merged = build_claims(player, project_id=book.project_id, now_s=call.now_s) | changes
    claims = {name: value for name, value in merged.items() if value is not None}
    return respond_json({"token": encode_hs256(claims=claims, secret=book.secret)})


def _read_plan(call: Call) -> dict[str, Any]:
    """Return the checked body of `seed`. Raises: Problem 400 naming the invalid key."""
    body = call.read_json()
    refuse_unknown(body, {*PLAN_COUNTS, *PLAN_SHARES, *PEOPLE_COUNTS, "seed", "now", "span_s"})
    if type(body.get("seed", 0)) is not int:  # any size and sign: it is no count
        raise Problem(400, "Bad Request", "seed must be a whole number.")
    for name in (*PLAN_COUNTS, *PEOPLE_COUNTS, "span_s"):
        value = body.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_RECORDS:
            raise Problem(400, "Bad Request", f"{name} must be a whole number from 0 to {MOST_RECORDS}.")
    for name in PLAN_SHARES:
        if (
            isinstance(body.get(name, 0), bool)
            or not isinstance(body.get(name, 0), int | float)
            or not 0 <= body.get(name, 0) <= 1
        ):
            raise Problem(400, "Bad Request", f"{name} must be from 0 to 1.")
    return body


def _build_plan(call: Call, body: dict[str, Any]) -> SeedPlan:
    """Return the plan of a checked body. Raises: Problem 400 for chats without visitors."""
    is_now = body.pop("now", False) is True
    plan = replace(SeedPlan(), **body)
    if plan.chats and not plan.visitors:
        raise Problem(400, "Bad Request", "chats need at least one visitor.")
    span_s = plan.span_s or SPAN_S
    start_s = int(call.now_s) - SAFE_AGE_S - span_s if is_now else BASE_S
    return replace(plan, start_s=start_s, span_s=span_s, ties=min(plan.ties, plan.chats))


ROUTES = [
    Route("POST", "/reset", reset), Route("POST", "/seed", seed), Route("GET", "/truth", show_truth),
    Route("POST", "/faults", set_faults), Route("GET", "/faults", show_faults), Route("GET", "/stats", show_stats),
    Route("POST", "/visitors", put_visitors), Route("POST", "/chats", put_chats),
    Route("POST", "/raw_chats", put_raw_chats), Route("POST", "/aliases", put_aliases),
    Route("POST", "/webhook", set_webhook), Route("GET", "/webhook", show_webhook),
    Route("POST", "/shared_secret", set_shared_secret), Route("POST", "/login_jwt", mint_login_jwt),
    Route("POST", "/messaging_keys", set_messaging_key), *SUPPORT_ROUTES,
]  # fmt: skip

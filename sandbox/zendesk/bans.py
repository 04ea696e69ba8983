"""Zendesk Chat's bans. Source: README Z5."""

from __future__ import annotations

from ipaddress import ip_address

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, read_number
from sandbox.world.state import Ban
from sandbox.zendesk.shapes import build_ban

DEFAULT_PAGE, LARGEST_PAGE = 10, 1000
LARGEST_ID = 10**15


def list_bans(call: Call) -> Response:
    """Answer up to `limit` bans from `since_id` to `max_id` inclusive, as an object of two lists."""
    params = call.request.parse_query()
    limit = read_number(params, "limit", default=DEFAULT_PAGE, low=1, high=LARGEST_PAGE)
    low = read_number(params, "since_id", default=0, low=0, high=LARGEST_ID)
    high = read_number(params, "max_id", default=LARGEST_ID, low=0, high=LARGEST_ID)
    page = [ban for _, ban in sorted(call.box.world.bans.items()) if low <= ban.id <= high][:limit]
    kinds = {
        kind: [build_ban(ban, switches=call.box.switches) for ban in page if ban.kind == kind]
        for kind in ("visitor", "ip_address")
    }
    return respond_json(kinds)


def list_address_bans(call: Call) -> Response:
    """Answer the banned addresses only."""
    bans = [
        build_ban(ban, switches=call.box.switches)
        for _, ban in sorted(call.box.world.bans.items())
        if ban.kind == "ip_address"
    ]
    return respond_json(bans)


def create_ban(call: Call) -> Response:
    """Ban a visitor or an address. Raises: Problem 400 when the body names neither."""
    body, world = call.read_json(), call.box.world
    reason = str(body.get("reason") or "")
    ban_id, created_s = max(world.bans, default=70_000) + 1, int(call.now_s)
    if body.get("type") == "visitor":
        visitor = world.find_visitor(str(body.get("visitor_id", "")))
        if visitor is None:
            raise Problem(404, "Not Found", "There is no such visitor.")
        visitor.banned = True
        ban = Ban(ban_id, "visitor", visitor.id, reason, visitor.name, created_s)
    elif body.get("type") == "ip_address":
        ban = Ban(ban_id, "ip_address", _parse_address(body.get("ip_address")), reason, "", created_s)
    else:
        raise Problem(400, "Bad Request", "type must be visitor or ip_address.")
    world.bans[ban_id] = ban
    return respond_json(build_ban(ban, switches=call.box.switches), status=201)


def show_ban(call: Call) -> Response:
    """Answer one ban."""
    return respond_json(build_ban(_find_ban(call), switches=call.box.switches))


def delete_ban(call: Call) -> Response:
    """Lift a ban."""
    world, ban = call.box.world, _find_ban(call)
    del world.bans[ban.id]
    visitor = world.find_visitor(ban.subject) if ban.kind == "visitor" else None
    if visitor is not None:
        visitor.banned = any(other.subject == ban.subject for other in world.bans.values())
    return Response(status=204)


def _find_ban(call: Call) -> Ban:
    """Return the ban of the path. Raises: Problem 404."""
    text = call.params["ban_id"]
    ban = call.box.world.bans.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if ban is None:
        raise Problem(404, "Not Found", "There is no such ban.")
    return ban


def _parse_address(value: object) -> str:
    """Parse an IP address. Raises: Problem 400."""
    try:
        return str(ip_address(str(value)))
    except ValueError:
        raise Problem(400, "Bad Request", "ip_address is not an address.") from None


ROUTES = [
    Route("GET", "/bans", list_bans),
    Route("POST", "/bans", create_ban),
    Route("GET", "/bans/ip", list_address_bans),
    Route("GET", "/bans/{ban_id}", show_ban),
    Route("DELETE", "/bans/{ban_id}", delete_ban),
]

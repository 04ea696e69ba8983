"""Sunshine Conversations API v2, as far as a linker reads it. Source: README M6."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.http1 import Response, respond_json
from sandbox.jwt import TokenUnreadable, decode_unverified, is_signed_hs256
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.support.limits import SUNCO
from sandbox.support.people import MessagingUser
from sandbox.support.sunco.hook import APP_ID, format_milliseconds
from sandbox.support.tokens import parse_basic
from sandbox.world.box import Box

KEY_ID, KEY_SECRET = "app_6a10c0ffee0000000000f001", "sandbox-sunco-secret-not-a-real-one-0000"
APP = "/apps/{app_id}"


class SunCoService(Service):
    """`/support/sc/v2/apps/{app_id}/…`."""

    name = "sunco"
    prefixes = ("/support/sc/v2",)

    def __init__(self) -> None:
        self.table = Table([
            Route("GET", f"{APP}/users", list_users), Route("GET", f"{APP}/users/{{user_id}}", show_user),
            Route("GET", f"{APP}/conversations", list_conversations),
        ])  # fmt: skip

    def guard(self, call: Call, _route: Route, /) -> None:
        """Check Basic `{key}:{secret}`, or a Bearer JWT with `kid` and the scope `app`; its limits are unknown."""
        call.box.support.limiter.count(SUNCO)
        scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
        is_known = _is_key(value.strip()) if scheme.lower() == "basic" else _is_app_jwt(value.strip())
        if not is_known:
            raise Problem(401, "unauthorized", "Authorization is required")
        if call.params["app_id"] != APP_ID:
            raise Problem(404, "app_not_found", "App not found")

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer `{"errors":[{"code","title"}]}`."""
        code = problem.error if problem.error.islower() else "not_found" if problem.status == 404 else "bad_request"
        body = {"errors": [{"code": code, "title": problem.description}]}
        return respond_json(body, status=problem.status, headers=problem.headers)


def show_user(call: Call) -> Response:
    """Answer one user by ID or external ID. Raises: Problem 404 user_not_found."""
    user = call.box.support.messaging.find(call.params["user_id"])
    if user is None:
        raise Problem(404, "user_not_found", "User not found")
    return respond_json({"user": build_user(call, user)})


def list_users(call: Call) -> Response:
    """Answer the users with an address; without the filter the list is refused. Source: README M6, since 2025-11-25."""
    email = call.request.parse_query().get("filter[identities.email]", "")
    if not email:
        raise Problem(400, "missing_parameter", "filter[identities.email] is required")
    book = call.box.support.messaging
    users = [user for user in book.users.values() if user.email and user.email.casefold() == email.casefold()]
    meta = {"hasMore": False, "afterCursor": None, "beforeCursor": None}
    return respond_json({"users": [build_user(call, user) for user in users], "meta": meta, "links": {}})


def list_conversations(call: Call) -> Response:
    """Answer the conversations of a user, named by `filter[userExternalId]` or `filter[userId]`."""
    params = call.request.parse_query()
    key = params.get("filter[userExternalId]") or params.get("filter[userId]") or ""
    if not key:
        raise Problem(400, "missing_parameter", "filter[userId] or filter[userExternalId] is required")
    user = call.box.support.messaging.find(key)
    if user is None:
        raise Problem(404, "user_not_found", "User not found")
    shown = [{"id": item.id, "type": "personal", "metadata": {}, "createdAt": format_milliseconds(item.created_s)}
             for item in user.conversations]  # fmt: skip
    return respond_json({"conversations": shown, "meta": {"hasMore": False}, "links": {}})


def build_user(call: Call, user: MessagingUser) -> dict[str, Any]:
    """Return the whole user. The switch `zendesk_id` tells what `zendeskId` is (README M6: U)."""
    given, _, surname = user.name.partition(" ")
    profile = {"givenName": given, "surname": surname, "email": user.email, "locale": "en",
               "localeOrigin": "zendeskAccount"}  # fmt: skip
    identities = [{"type": "email", "value": user.email, "verification": "sso"}] if user.email_verified else []
    shown: dict[str, Any] = {
        "id": user.id, "authenticated": user.authenticated, "externalId": user.external_id, "zendeskId": None,
        "brandId": None, "signedUpAt": format_milliseconds(user.signed_up_s), "toBeRetained": False,
        "identities": identities, "profile": {name: value for name, value in profile.items() if value},
        "metadata": {},
    }  # fmt: skip
    choice = call.box.support.switches.zendesk_id
    if choice == "missing":
        del shown["zendeskId"]
    elif choice == "with_ticket" and user.support_id:
        shown["zendeskId"] = str(user.support_id)
    return shown


def _is_key(value: str) -> bool:
    key_id, secret = parse_basic(value)
    return key_id == KEY_ID and secrets.compare_digest(secret.encode(), KEY_SECRET.encode())


def _is_app_jwt(token: str) -> bool:
    try:
        parts = decode_unverified(token)
    except TokenUnreadable:
        return False
    is_ours = parts.header.get("kid") == KEY_ID and is_signed_hs256(parts, secret=KEY_SECRET)
    return is_ours and parts.claims.get("scope") == "app"

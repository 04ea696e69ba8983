"""Login's sign-in page, and its OAuth 2.0 token call. Source: README L2 and L8."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from html import escape
from typing import Any
from urllib.parse import urlencode

from sandbox.http1 import NO_STORE, Response, respond_json
from sandbox.jwt import encode_base64url
from sandbox.problem import Problem
from sandbox.routing import Call, Route, refuse_foreign_origin
from sandbox.world.players import HOUR_S, PLAYERS, LoginBook, LoginGrant

FLOW = ("client_id", "redirect_uri", "state", "response_type", "scope", "code_challenge", "code_challenge_method")


def exchange(call: Call) -> Response:
    """Answer tokens for a code, a refresh token, or a server client. Source: README L8."""
    form, book = call.request.parse_form(), call.box.login
    client = (form.get("client_id", ""), form.get("client_secret", ""))
    kinds = {
        "client_credentials": book.server_client,
        "authorization_code": book.web_client,
        "refresh_token": book.web_client,
    }
    grant_type = form.get("grant_type", "")
    if grant_type not in kinds:
        raise Problem(400, "0", "grant_type is missing or not supported.")
    if not hmac.compare_digest("\n".join(client).encode(), "\n".join(kinds[grant_type]).encode()):
        raise Problem(400, "010-019", "OAuth 2.0 client authentication failed.")
    if grant_type == "client_credentials":
        return respond_json(
            {"access_token": book.issue_server_token(now_s=call.now_s), "expires_in": HOUR_S, "token_type": "bearer"},
            headers=[NO_STORE],
        )
    by_code = grant_type == "authorization_code"
    grant = (book.codes if by_code else book.refresh).pop(form.get("code" if by_code else "refresh_token", ""), None)
    if grant is None or (by_code and not _is_redeemable(grant, form)):
        raise Problem(400, "010-023", "The grant or refresh token is invalid.")
    return respond_json(_issue_user_tokens(book, grant, call.now_s), headers=[NO_STORE])


def show_sign_in(call: Call) -> Response:
    """Show the demo players to choose from."""
    params = call.request.parse_query()
    if "client_id" in params and len(params.get("state", "")) < 8:
        raise Problem(400, "010-022", "state is missing or shorter than 8 characters.")
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(params[name])}">' for name in FLOW if name in params
    )
    buttons = "".join(
        f'<li><button class="player" id="player-{p.key}" data-testid="player-{p.key}" name="player" value="{p.key}">'
        f"<bdi>{escape(p.label)}</bdi><small>{escape(p.about)}</small></button></li>"
        for p in PLAYERS
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"><title>Sign in · demo Login</title>'
        '<link rel="stylesheet" href="/shop/shop.css"></head><body class="sign-in"><main>'
        f'<h1>Sign in</h1><form method="post" action="/login/sign-in">{hidden}<ul class="players">{buttons}</ul></form>'
        "</main></body></html>"
    )
    return Response(body=page.encode(), content_type="text/html; charset=utf-8", headers=[NO_STORE])


def sign_in(call: Call) -> Response:
    """Redirect to the shop's callback with `?token=`, or to `redirect_uri` with `?code=&state=`.

    Source: README L2. Login sets no cookie on the partner's domain; the shop's callback does.
    """
    refuse_foreign_origin(call.request)
    form, book = call.request.parse_form(), call.box.login
    player = book.find_player(key=form.get("player", ""))
    if player is None:
        raise Problem(400, "003-002", "There is no such demo player.")
    if "client_id" in form:
        uri = form.get("redirect_uri", "")
        if form["client_id"] != book.web_client[0] or not uri.startswith(("http://127.0.0.1", "http://localhost")):
            raise Problem(400, "010-019", "The OAuth 2.0 client or its redirect_uri is not known.")
        code = secrets.token_urlsafe(24)
        is_offline = "offline" in form.get("scope", "").split()
        book.codes[code] = LoginGrant(player.key, uri, is_offline, form.get("code_challenge", ""))
        return _redirect(f"{uri}?{urlencode({'code': code, 'state': form.get('state', '')})}")
    return _redirect(f"/shop/callback?{urlencode({'token': book.mint(player=player, now_s=call.now_s)})}")


def _redirect(place: str) -> Response:
    """Redirect the browser with 303, so that it follows with a GET."""
    return Response(status=303, content_type="", headers=[("Location", place), NO_STORE])


def _is_redeemable(grant: LoginGrant, form: dict[str, str]) -> bool:
    """Return whether the redirect and, for a code with a challenge, the S256 verifier match."""
    if grant.redirect_uri != form.get("redirect_uri"):
        return False
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return not grant.challenge or hmac.compare_digest(encode_base64url(digest).encode(), grant.challenge.encode())


def _issue_user_tokens(book: LoginBook, grant: LoginGrant, now_s: float) -> dict[str, Any]:
    """Return the tokens of a player who signed in by OAuth 2.0; the access token is the user JWT.

    A refresh token is added only for the scope `offline`. Source: README L2.
    """
    player = book.find_player(key=grant.player_key)
    assert player is not None
    access = book.mint(player=player, now_s=now_s)
    answer = {"access_token": access, "expires_in": player.life_s, "token_type": "bearer"}
    if grant.is_offline:
        answer["refresh_token"] = secrets.token_urlsafe(32)
        book.refresh[str(answer["refresh_token"])] = grant
    return answer


ROUTES = [
    Route("GET", "", show_sign_in),
    Route("GET", "/", show_sign_in),
    Route("POST", "/sign-in", sign_in),
    Route("POST", "/api/oauth2/token", exchange),
]

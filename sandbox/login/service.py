"""Xsolla Login's REST API, as far as a support bridge uses it. Source: README L6, L8 and L10."""

from __future__ import annotations

import re

from sandbox.http1 import Response, respond_json
from sandbox.jwt import TokenUnreadable, decode_unverified, encode_base64url
from sandbox.login.oauth import ROUTES as OAUTH_ROUTES
from sandbox.login.users import ROUTES as USER_ROUTES
from sandbox.login.users import find_project_id, find_user, require_server
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.world.box import Box
from sandbox.world.players import RS256_PROJECT_ID, SigningKey, make_key

MOST_RS256_KEYS = 8
CODE = re.compile(r"^(\d{3}-\d{3}|1901-0001|0)$")


class LoginService(Service):
    """`/login/…`: the REST API under `/login/api/`, and the sign-in page."""

    name = "login"
    prefixes = ("/login",)

    def __init__(self) -> None:
        self.table = Table(ROUTES)

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse nobody: each handler checks the credential its call needs."""

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer `{"error":{"code","description"}}`. Source: README L10, errors."""
        code = problem.error if CODE.match(problem.error) else {404: "003-061"}.get(problem.status, "0")
        body = {"error": {"code": code, "description": problem.description}}
        return respond_json(body, status=problem.status, headers=problem.headers)


def show_key_set(call: Call) -> Response:
    """Answer the key set of RFC 7517: an object, numbers in base64url. Source: README L6."""
    return respond_json({"keys": [_build_jwk(pair) for pair in _list_keys(call)]})


def show_bare_keys(call: Call) -> Response:
    """Answer the keys as the SDKs read them: a bare array, numbers in hexadecimal. Source: README L6."""
    keys = [_build_hexadecimal_jwk(call, pair) for pair in _list_keys(call)]
    return respond_json({} if not keys and call.box.switches.empty_keys == "object" else keys)


def rotate_keys(call: Call) -> Response:
    """Make a new key pair, sign with it from now on, and answer its public key. Source: README L6."""
    require_server(call)
    if find_project_id(call) != RS256_PROJECT_ID:
        raise Problem(422, "003-022", "This project does not sign with RS256.")
    book = call.box.login
    if book.key_count >= MOST_RS256_KEYS:
        raise Problem(422, "003-022", "This project has all the keys it may have.")
    book.key_count += 1
    return respond_json(_build_hexadecimal_jwk(call, make_key(book.key_count - 1)))


def validate_token(call: Call) -> Response:
    """Answer 204 for a valid token of a known user. Source: README L8 (which status for which fault: unknown)."""
    token, book, switches = call.read_json().get("token"), call.box.login, call.box.switches
    if token is None:
        raise Problem(400, "002-028", "The parameter token is missing.")
    if not isinstance(token, str):
        raise Problem(400, "002-027", "The parameter token must be text.")
    try:
        project_id = decode_unverified(token).claims.get("xsolla_login_project_id")
    except TokenUnreadable:
        raise Problem(400, "002-027", "The parameter token is no JWT.") from None
    if project_id not in (book.project_id, RS256_PROJECT_ID):
        raise Problem(404, "003-019", "Project was not found.")
    claims = book.read(token, now_s=call.now_s)
    if claims is None or (switches.validate_revoked == "refuse" and book.is_revoked(claims)):
        raise Problem(switches.invalid_token_status, "002-016", "The JWT is invalid.")
    user = find_user(call, str(project_id), str(claims.get("sub")))
    if user is None:
        raise Problem(404, "003-002", "User was not found.")
    if user["ban"] and switches.validate_banned == "refuse":
        raise Problem(switches.invalid_token_status, "002-040", "The user is banned.")
    return Response(status=204)


def _list_keys(call: Call) -> list[SigningKey]:
    """Return the keys of the project in the path; an HS256 project has none."""
    return call.box.login.list_keys() if find_project_id(call) == RS256_PROJECT_ID else []


def _build_jwk(pair: SigningKey) -> dict[str, str]:
    """Return the public key in the form of RFC 7517, numbers in base64url."""
    modulus = pair.key.public_key().public_numbers().n
    return {
        "alg": "RS256", "e": "AQAB", "kid": pair.kid, "kty": "RSA",
        "n": encode_base64url(modulus.to_bytes(256, "big")), "use": "sig",
    }  # fmt: skip


def _build_hexadecimal_jwk(call: Call, pair: SigningKey) -> dict[str, str]:
    """Return the public key as the SDKs read it; the exponent occurs with and without a leading zero."""
    modulus = pair.key.public_key().public_numbers().n
    return _build_jwk(pair) | {"e": call.box.switches.hex_exponent, "n": f"{modulus:0512x}"}


ROUTES = [
    Route("GET", "/api/projects/{project_id}/jwks.json", show_key_set),
    Route("GET", "/api/projects/{project_id}/keys", show_bare_keys),
    Route("POST", "/api/projects/{project_id}/keys", rotate_keys),
    Route("POST", "/api/token/validate", validate_token),
    *OAUTH_ROUTES,
    *USER_ROUTES,
]

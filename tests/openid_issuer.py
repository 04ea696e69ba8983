"""An OpenID Connect issuer on loopback: discovery, a sign-in page, tokens, keys and userinfo, and its faults by wish.

It shares no code with the product. `claims` is who signs in; a test changes what the issuer does by its other fields.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from tests.rsa_keys import listed, private_key

CLIENT_ID, CLIENT_SECRET = "zdbridge", "a secret of the client & its +"


class Issuer:
    """One issuer. `twist` changes the claims of an ID token; `sign` makes the token; `says` changes the discovery."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {
            "sub": "nadia-7", "preferred_username": "nadia", "email": "nadia@house.example", "email_verified": True,
            "groups": ["leads"],
        }  # fmt: skip
        self.only_in_userinfo: tuple[str, ...] = ()
        self.userinfo_changes: dict[str, Any] = {}
        self.twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = sign_well
        self.says: dict[str, Any] = {}
        self.error = ""
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/realm"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def describe(self) -> dict[str, Any]:
        named = {name: f"{self.url}/{path}" for name, path in _PLACES.items()}
        return {
            "issuer": self.url,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **named,
            **self.says,
        }

    def issue_code(self, query: dict[str, str]) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return code

    def give_tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Answer the token call as RFC 6749 and RFC 7636 want it; a code works once."""
        query = self.codes.pop(form.get("code", ""), None)
        if not _is_client(authorization):
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if query is None or query["redirect_uri"] != form.get("redirect_uri") or query["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "an access token", "token_type": "Bearer", "id_token": self.make_id_token(query)}

    def make_id_token(self, query: dict[str, str]) -> str:
        now = int(time.time())
        told = {name: value for name, value in self.claims.items() if name not in self.only_in_userinfo}
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": query["nonce"], **told}
        return self.sign(self.twist(claims))


_PLACES = {
    "authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys",
    "userinfo_endpoint": "userinfo",
}  # fmt: skip


def sign_well(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, private_key(), algorithm="RS256", headers={"kid": "first"})


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    try:
        yield issuer
    finally:
        issuer.stop()


def make_settings(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """What the operator would say of this issuer."""
    return {
        "issuer": issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "groups_claim": "groups",
        "groups": {name: name for name in ("agents", "leads", "admins", "developers")},
        "scopes": ("openid", "profile", "email"), "mfa_values": ("mfa",), "emergency_accounts": (),
    } | changes  # fmt: skip


def _is_client(authorization: str) -> bool:
    wanted = urlencode({"x": CLIENT_ID})[2:] + ":" + urlencode({"x": CLIENT_SECRET})[2:]
    return authorization == f"Basic {base64.b64encode(wanted.encode()).decode()}"


def _make_handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            issuer.asked.append(parts.path)
            documents = {
                "/realm/.well-known/openid-configuration": issuer.describe(),
                "/realm/keys": {"keys": [listed()]},
                "/realm/userinfo": issuer.claims | issuer.userinfo_changes,
            }
            pages = {"/realm/authorize": self._show_sign_in, "/realm/go": self._lead_back}
            if parts.path in pages:
                pages[parts.path](query)
            else:
                self._answer_json(200 if parts.path in documents else 404, documents.get(parts.path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            issuer.asked.append(urlsplit(self.path).path)
            self._answer_json(*issuer.give_tokens(form, self.headers.get("Authorization", "")))

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

        def _show_sign_in(self, query: dict[str, str]) -> None:
            way = escape("/realm/go?" + urlencode(query))
            name = escape(str(issuer.claims.get("preferred_username")))
            head = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>House</title>'
            page = f'{head}<h1>House</h1><a href="{way}">I am {name}</a>'
            self._answer(200, "text/html; charset=utf-8", page.encode())

        def _lead_back(self, query: dict[str, str]) -> None:
            answer = {"error": issuer.error} if issuer.error else {"code": issuer.issue_code(query)}
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{urlencode(answer | {'state': query['state']})}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _answer_json(self, status: int, value: Any) -> None:
            self._answer(status, "application/json", json.dumps(value).encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler

"""The demo players, the Login projects they belong to, and the Login JWTs they get. Source: README L3 to L5."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.jwt import (
    Parts,
    TokenUnreadable,
    decode_unverified,
    encode_hs256,
    encode_rs256,
    is_signed_hs256,
    is_signed_rs256,
)

ISSUER = "https://login.xsolla.com"
RS256_PROJECT_ID = "4d8f0a1e-6b2c-4f57-9e3a-7c1d5b9e2f08"
PUBLISHER_ID = 77_001
# Nearly every real token carries one, and clients must not use it: this invented one shows who forwards or logs it.
ACCESS_KEY = "sandbox-access-key-not-real-".ljust(43, "A")
DAY_S, HOUR_S = 86_400, 3_600
GROUPS = [{"id": 1204, "name": "default", "is_default": True}]


@dataclass(frozen=True, slots=True)
class Player:
    """A demo user. Without `email` the Login JWT has no such claim; `age_s` is the token's age in seconds."""

    key: str
    label: str
    about: str
    user_id: str
    kind: str
    username: str
    email: str | None
    name: str | None = None
    is_rs256: bool = False
    life_s: int = DAY_S
    age_s: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


HOSTILE_NAME = "Zoë <b>O'Brien</b> 𝕁 \u202egnp.exe {{7*7}}"
PLAYERS = (
    Player(
        "nadia",
        "Nadia",
        "signed in with e-mail and password",
        "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01",
        "xsolla_login",
        "nadia",
        "nadia@player.example",
    ),
    Player(
        "zoe",
        HOSTILE_NAME,
        "e-mail, and a name meant to break pages",
        "71c2a9de-40b8-4b1f-8a6e-5d3e2f90b7aa",
        "social",
        HOSTILE_NAME,
        "zoe@player.example",
        HOSTILE_NAME,
        extra={"provider": "google", "id": "104200000000000000001"},
    ),
    Player(
        "kai",
        "Kai",
        "signed in through a game platform that gave no e-mail",
        "9c1b7e60-2d44-4f5a-b1c3-77aa10f2e5b8",
        "social",
        "Kai",
        None,
        "Kai",
        extra={"provider": "steam", "id": "76561190000000000", "picture": ""},
    ),
    Player(
        "li",
        "Li",
        "custom storage: the address stands in username only",
        "c0ffee00-1111-4222-8333-444455556666",
        "proxy",
        "li@player.example",
        None,
        extra={"provider": "studio", "partner_data": {"vip": False}},
    ),
    Player(
        "omar",
        "Omar",
        "another Login project, RS256, one hour",
        "5e2a9b1c-83f7-4d21-a0de-1c9f4b7a6602",
        "xsolla_login",
        "omar",
        "omar@player.example",
        is_rs256=True,
        life_s=HOUR_S,
        extra={"aud": [], "scp": ["offline"]},
    ),
    Player(
        "eve",
        "Eve",
        "comes back with a session that ended an hour ago",
        "e1e00000-0bad-4c0c-8e55-10a0aa00e7e0",
        "xsolla_login",
        "eve",
        "eve@player.example",
        age_s=DAY_S + HOUR_S,
    ),
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RS256 pair of the RS256 project."""

    kid: str
    key: rsa.RSAPrivateKey


@lru_cache(maxsize=8)
def make_key(place: int) -> SigningKey:
    """Return the key pair with this number, made once a process: 2048 bits take a while.

    The `kid` follows from the key, so that a client with an old key set never mistakes a new key for an old one.
    """
    key = rsa.generate_private_key(65_537, 2048)
    kid = uuid.uuid5(uuid.NAMESPACE_URL, f"{place}/{key.public_key().public_numbers().n:x}")
    return SigningKey(str(kid), key)


@dataclass(frozen=True, slots=True)
class LoginGrant:
    """The rights of a code or refresh token; `challenge` is PKCE's S256, "" when none was sent."""

    player_key: str
    redirect_uri: str
    is_offline: bool
    challenge: str = ""


class LoginBook:
    """The state of the imitated Login: keys, codes, refresh and server tokens, bans, deleted users."""

    server_client = ("40001", "sandbox-server-client-secret-not-real")
    web_client = ("40002", "sandbox-web-client-secret-not-real")

    def __init__(self, *, project_id: str, secret: str) -> None:
        self.project_id, self.secret = project_id, secret
        self.reset()

    def reset(self) -> None:
        """Drop all tokens, bans and deletions, and return to one RS256 key."""
        self.key_count = 1
        self.server_tokens: dict[str, float] = {}
        self.codes: dict[str, LoginGrant] = {}
        self.refresh: dict[str, LoginGrant] = {}
        self.bans: dict[str, dict[str, Any]] = {}
        self.deleted: set[str] = set()
        self.revoked_at_s: dict[str, int] = {}

    def list_keys(self) -> list[SigningKey]:
        """Return the key pairs of the RS256 project, the oldest first."""
        return [make_key(place) for place in range(self.key_count)]

    def find_project_id(self, player: Player) -> str:
        """Return the Login project the player belongs to."""
        return RS256_PROJECT_ID if player.is_rs256 else self.project_id

    def find_player(self, *, key: str = "", user_id: str = "") -> Player | None:
        """Return the player with this key or this user ID, or None."""
        return next((player for player in PLAYERS if key == player.key or user_id == player.user_id), None)

    def mint(self, *, player: Player, now_s: float) -> str:
        """Return a Login JWT of the player, signed with the algorithm of their project."""
        claims = build_claims(player, project_id=self.find_project_id(player), now_s=now_s)
        if player.is_rs256:
            newest = self.list_keys()[-1]
            return encode_rs256(claims=claims, key=newest.key, kid=newest.kid)
        return encode_hs256(claims=claims, secret=self.secret)

    def read(self, token: str, *, now_s: float) -> dict[str, Any] | None:
        """Return the claims of a valid Login JWT, else None."""
        try:
            parts = decode_unverified(token)
        except TokenUnreadable:
            return None
        expires = parts.claims.get("exp")
        if not self._is_ours(parts) or not isinstance(expires, int) or expires <= now_s:
            return None
        return parts.claims

    def revoke(self, *, user_id: str, now_s: float) -> None:
        """Revoke the user's access tokens, refresh tokens and codes up to now."""
        self.revoked_at_s[user_id] = int(now_s)
        player = self.find_player(user_id=user_id)
        for store in (self.codes, self.refresh):
            for key in [key for key, grant in store.items() if player and grant.player_key == player.key]:
                del store[key]

    def is_revoked(self, claims: dict[str, Any]) -> bool:
        """Return whether the token of these claims was issued before its user logged out everywhere."""
        issued_s = claims.get("iat")
        return isinstance(issued_s, int) and issued_s <= self.revoked_at_s.get(str(claims.get("sub")), -1)

    def _is_ours(self, parts: Parts) -> bool:
        """Return whether one of the two projects signed it."""
        project_id = parts.claims.get("xsolla_login_project_id")
        if project_id == self.project_id:
            return is_signed_hs256(parts, secret=self.secret)
        if project_id != RS256_PROJECT_ID:
            return False
        pair = next((pair for pair in self.list_keys() if pair.kid == parts.header.get("kid")), None)
        return pair is not None and is_signed_rs256(parts, key=pair.key.public_key())

    def issue_server_token(self, *, now_s: float) -> str:
        """Issue a server token that is valid for an hour."""
        claims = {
            "iss": ISSUER,
            "iat": int(now_s),
            "exp": int(now_s) + HOUR_S,
            "jti": secrets.token_hex(8),
            "type": "server",
        }
        token = encode_hs256(claims=claims, secret=self.secret + "server")
        self.server_tokens[token] = now_s + HOUR_S
        return token


def build_claims(player: Player, *, project_id: str, now_s: float) -> dict[str, Any]:
    """Return the claims in the shape of real tokens of that kind. Source: README L4 and L5."""
    issued_s = int(now_s) - player.age_s
    claims: dict[str, Any] = {
        "exp": issued_s + player.life_s, "iat": issued_s, "iss": ISSUER, "sub": player.user_id, "type": player.kind,
        "username": player.username, "xsolla_login_project_id": project_id,
    }  # fmt: skip
    if player.kind == "proxy":
        return claims | {"jti": "12345"} | player.extra  # custom storage: no groups, no publisher_id
    claims |= {"groups": GROUPS, "is_master": True, "promo_email_agreement": False, "publisher_id": PUBLISHER_ID}
    if player.email is not None:
        claims["email"] = player.email
    if player.name is not None:
        claims["name"] = player.name
    if player.is_rs256:
        claims |= {"jti": str(uuid.uuid4()), "groups": []}
    elif player.kind == "xsolla_login":
        claims["xsolla_login_access_key"] = ACCESS_KEY
    return claims | player.extra

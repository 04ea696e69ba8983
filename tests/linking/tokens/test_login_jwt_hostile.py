"""Hostile tokens in bulk, and PyJWT as the second opinion."""

import base64
import hmac
import json
import random
import re
from hashlib import sha256
from pathlib import Path

import jwt
import pytest

from linking.tokens.login_jwt import ISSUER, LEEWAY_S, verify_login_jwt
from linking.tokens.refusals import Refused
from tests.factories import LOGIN_PROJECT_ID, LOGIN_SECRET_KEY, USER_ID, login_claims, login_jwt, make_config

NOW = 1_767_225_600
SEED = 20_261_122
MUTATIONS = 100_000
CONFIG = make_config()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\t\"'%;,{}\x00é\ud800\u202e"
HOSTILE = (
    None, True, False, 0, -1, 1.5, 1e308, 10**30, "", " ", "null", "\x00", "\u202e", "\ud800", "x" * 300, [], {},
    [None],
    {"a": 1}, NOW, str(NOW), NOW * 1000, ISSUER, ISSUER + "/", LOGIN_PROJECT_ID, [LOGIN_PROJECT_ID], USER_ID, "server",
)  # fmt: skip
CLAIMS = (*login_claims(now=NOW), "nbf", "aud", "request_type", "name", "jti")


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(*, header=b'{"alg":"HS256","typ":"JWT"}', payload):
    signing_input = f"{b64(header)}.{b64(payload)}"
    return f"{signing_input}.{b64(hmac.digest(LOGIN_SECRET_KEY.encode(), signing_input.encode(), sha256))}"


def ours(token):
    try:
        return verify_login_jwt(token=token, config=CONFIG, now=NOW).user_id
    except Refused:
        return None


def damaged(token, *, chance):
    """One to four characters changed, dropped, doubled, inserted or moved."""
    characters = list(token)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(characters))
        choice = chance.randrange(5)
        if choice == 0:
            characters[at] = chance.choice(ALPHABET)
        elif choice == 1 and len(characters) > 1:
            del characters[at]
        elif choice == 2:
            characters.insert(at, chance.choice(ALPHABET))
        elif choice == 3:
            characters[at:at] = characters[at : at + chance.randint(1, 30)]
        else:
            other = chance.randrange(len(characters))
            characters[at], characters[other] = characters[other], characters[at]
    return "".join(characters)


def hostile_bytes(raw, *, chance):
    """The JSON text itself with a few bytes changed, then signed rightly."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def hostile_claims(*, chance):
    claims = login_claims(now=NOW)
    for name in chance.sample(CLAIMS, chance.randint(1, 3)):
        claims[name] = chance.choice(HOSTILE)
        if chance.random() < 0.1:
            del claims[name]
    return claims


class TestMutatedTokens:
    @pytest.mark.slow
    def test_leave_only_domain_errors_and_none_is_accepted(self):
        chance, token = random.Random(SEED), login_jwt(now=NOW)
        accepted = [
            one for one in (damaged(token, chance=chance) for _ in range(MUTATIONS)) if one != token and ours(one)
        ]
        assert ours(token) == USER_ID
        assert accepted == []

    @pytest.mark.slow
    def test_leave_only_domain_errors_when_rightly_signed(self):
        chance, raw = random.Random(SEED), json.dumps(login_claims(now=NOW)).encode()
        header = b'{"alg":"HS256","typ":"JWT"}'
        results = [ours(signed(payload=hostile_bytes(raw, chance=chance))) for _ in range(20_000)]
        results += [ours(signed(payload=raw, header=hostile_bytes(header, chance=chance))) for _ in range(20_000)]
        # A byte changed inside a name or a number that does not matter leaves a good token; most do not.
        assert 0 < sum(1 for one in results if one) < len(results) / 2

    @pytest.mark.slow
    def test_name_a_printable_user_whenever_they_are_accepted(self):
        chance = random.Random(SEED)
        found = {ours(signed(payload=json.dumps(hostile_claims(chance=chance)).encode())) for _ in range(20_000)}
        accepted = found - {None}
        assert accepted
        assert all(one.isprintable() and 0 < len(one) <= 255 for one in accepted)


def theirs(token):
    """PyJWT as the handbook says: one algorithm, issuer, leeway, required claims; at the real clock's time."""
    try:
        claims = jwt.decode(
            token,
            LOGIN_SECRET_KEY.encode(),
            algorithms=["HS256"],
            issuer=ISSUER,
            leeway=LEEWAY_S,
            options={"require": ["exp", "sub", "iss"], "verify_aud": False},
        )
    except (jwt.InvalidTokenError, UnicodeError, OverflowError, ValueError, RecursionError):
        return None
    return claims["sub"] if claims.get("xsolla_login_project_id") == LOGIN_PROJECT_ID else None


def token_with(*, now, header=b'{"alg":"HS256","typ":"JWT"}', **changes):
    return signed(payload=json.dumps(login_claims(now=now, **changes)).encode(), header=header)


# What PyJWT accepts and we refuse, each with its own reason; nothing else may be in this list.
STRICTER = {
    "exp as text": lambda now: token_with(now=now, exp=str(now + 60)),
    "exp with underscores": lambda now: token_with(now=now, exp="9_999_999_999"),
    "exp as a fraction": lambda now: token_with(now=now, exp=now + 60.5),
    "exp in milliseconds": lambda now: token_with(now=now, exp=(now + 60) * 1000),
    "exp a minute before iat": lambda now: token_with(now=now, exp=now - 20, iat=now + 50),
    "another typ": lambda now: token_with(now=now, header=b'{"alg":"HS256","typ":"at+jwt"}'),
    "a header it does not know": lambda now: token_with(
        now=now, header=b'{"alg":"HS256","jku":"https://evil.example"}'
    ),
    "compressed, it says": lambda now: token_with(now=now, header=b'{"alg":"HS256","zip":"DEF"}'),
    "alg twice": lambda now: token_with(now=now, header=b'{"alg":"none","alg":"HS256"}'),
    "a claim twice": lambda now: signed(
        payload=json.dumps(login_claims(now=now)).encode().replace(b'{"email"', b'{"sub":"other","email"', 1)
    ),
    "NaN": lambda now: signed(payload=json.dumps(login_claims(now=now) | {"x": float("nan")}).encode()),
    "UTF-16": lambda now: signed(payload=json.dumps(login_claims(now=now)).encode("utf-16")),
    "padding": lambda now: token_with(now=now) + "=",
    "a sub of blanks": lambda now: token_with(now=now, sub=" "),
    "a sub for nothing": lambda now: token_with(now=now, sub="null"),
    "a sub with NUL": lambda now: token_with(now=now, sub="a\x00b"),
    "a sub of 256": lambda now: token_with(now=now, sub="x" * 256),
    "a server's token": lambda now: token_with(now=now, type="server"),
    "an audience": lambda now: token_with(now=now, aud=["somebody else"]),
}


class TestAgainstPyJWT:
    @pytest.fixture(autouse=True)
    def _same_clock(self, time_machine):
        time_machine.move_to(NOW, tick=False)

    @pytest.mark.parametrize("case", STRICTER, ids=str)
    def test_is_stricter_where_listed(self, case):
        token = STRICTER[case](NOW)
        assert theirs(token) is not None
        assert ours(token) is None

    def test_is_explained_case_by_case(self):
        page = (Path(__file__).parents[3] / "docs" / "strictness.md").read_text(encoding="utf-8")
        table = page.split("| case |")[1]
        assert re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", table, re.MULTILINE) == list(STRICTER)

    @pytest.mark.slow
    def test_accepts_nothing_that_pyjwt_refuses(self):
        chance = random.Random(SEED + 1)
        claims = [hostile_claims(chance=chance) for _ in range(10_000)]
        # The one exception: PyJWT wants `jti` to be text, and nobody here ever looks at it.
        tokens = [signed(payload=json.dumps(one | {"jti": "12345"}).encode()) for one in claims]
        looser = [token for token in tokens if ours(token) is not None and theirs(token) != ours(token)]
        assert looser == []

    def test_agrees_on_good_tokens(self):
        token = token_with(now=NOW)
        assert ours(token) == theirs(token) == USER_ID

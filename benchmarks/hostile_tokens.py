"""A million damaged and forged Login JWTs in this process: how many pass, and what the others are refused for.

    python -m benchmarks.hostile_tokens [--tokens 1000000] [--seed 1]

Ends with exit code 1 when one is accepted that is not the good token itself, or anything but a refusal is raised.
"""

import argparse
import base64
import hmac
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from linking.core.config import IntegrationConfig, LoginAlgorithm
from linking.core.key_sets import KeySet, PublicKey
from linking.tokens.login_jwt import ISSUER, PROJECT_CLAIM, verify_login_jwt
from linking.tokens.refusals import Refused

NOW = 1_767_225_600
PROJECT = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
SECRET = b"a-login-secret-key-for-this-benchmark-only"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\t\"'%;,{}\x00é\ud800\u202e"
CLAIMS = {
    "sub": "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01",
    "email": "nadia@player.example",
    "iss": ISSUER,
    "iat": NOW,
    "exp": NOW + 86_400,
    PROJECT_CLAIM: PROJECT,
}
HEADERS = (
    {"alg": "none"}, {"alg": "None"}, {"alg": "HS384"}, {"alg": "HS512"}, {"alg": "ES256"}, {"alg": "PS256"}, {},
    {"alg": "HS256", "crit": ["exp"]}, {"alg": "HS256", "b64": False}, {"alg": "HS256", "zip": "DEF"},
    {"alg": "HS256", "jku": "https://evil.example/keys"}, {"alg": "HS256", "kid": "../../etc/passwd"},
    {"alg": "RS256", "kid": "other"}, {"alg": "RS256"}, {"alg": ["HS256"]}, {"alg": "HS256", "typ": "at+jwt"},
)  # fmt: skip
RSA_SHARE = 8  # one forged token in so many aims at the RS256 project: checking RSA takes longer

Make = Callable[[random.Random], str]


def main() -> int:
    """Try them, print the counts, and return the exit code."""
    options = _options()
    chance = random.Random(options.seed)  # noqa: S311 - the same tokens at every run are the point
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    hs256 = IntegrationConfig(integration_id=1, slug="a", name="A", login_project_id=PROJECT, login_secrets=(SECRET,))
    rs256 = IntegrationConfig(
        integration_id=2, slug="b", name="B", login_project_id=PROJECT, login_algorithm=LoginAlgorithm.RS256
    )
    keys = KeySet(keys=(PublicKey("k1", private.public_key()),))
    good = {
        hs256.slug: _signed({"alg": "HS256", "typ": "JWT"}, CLAIMS),
        rs256.slug: jwt.encode(CLAIMS, private, algorithm="RS256", headers={"kid": "k1"}),
    }
    found: Counter[str] = Counter()
    began = time.perf_counter()
    for number in range(options.tokens):
        config = rs256 if number % RSA_SHARE == 0 else hs256
        family, make = _FAMILIES[number % len(_FAMILIES)]
        token = make(good[config.slug], chance)
        if token != good[config.slug]:
            found[f"{family:10} {_judge(token, config=config, keys=keys)}"] += 1
    _print(found, seconds=time.perf_counter() - began)
    return 1 if any("ACCEPTED" in name or "RAISED" in name for name in found) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _judge(token: str, *, config: IntegrationConfig, keys: KeySet) -> str:
    try:
        verify_login_jwt(token=token, config=config, now=NOW, keys=keys)
    except Refused as error:
        return error.reason.value
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"RAISED {type(error).__name__}"
    return "ACCEPTED"


def _damaged(token: str, chance: random.Random) -> str:
    """Return the token with one to four characters changed, dropped, inserted, repeated or moved."""
    characters = list(token)
    for _ in range(chance.randint(1, 4)):
        at, choice = chance.randrange(len(characters)), chance.randrange(5)
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


def _resigned(token: str, chance: random.Random) -> str:
    """Return other claims under a signature that a stranger could make, or under the one of the good token."""
    claims = CLAIMS | {"sub": f"user-{chance.randrange(10**9)}"}
    key = chance.choice((b"", b"secret", SECRET[:-1], SECRET + b"\n", PROJECT.encode(), token.encode()))
    forged = _signed(chance.choice(HEADERS), claims, key=key)
    if chance.random() < 0.5:
        return forged
    return f"{forged.rpartition('.')[0]}.{token.rpartition('.')[2]}"


def _flipped(token: str, chance: random.Random) -> str:
    """Return the token with one bit of one of its three parts flipped, encoded properly again."""
    parts = token.split(".")
    at = chance.randrange(3)
    raw = bytearray(base64.urlsafe_b64decode(parts[at] + "=="))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    parts[at] = _b64(bytes(raw))
    return ".".join(parts)


def _respelled(token: str, chance: random.Random) -> str:
    """Return the same bytes spelled in another way, which is where two readers begin to differ."""
    parts = token.split(".")
    at = chance.randrange(3)
    spellings: tuple[Callable[[str], str], ...] = (
        lambda part: part + "=" * chance.randint(1, 3),
        lambda part: part[:-1] + chance.choice(ALPHABET[:64]),
        lambda part: part[: len(part) // 2] + chance.choice("\n \t\r") + part[len(part) // 2 :],
        lambda part: part.replace("-", "+").replace("_", "/") + "=",
        lambda part: part + chance.choice("\x00\n. "),
        lambda part: "%" + f"{ord(part[0]):02X}" + part[1:],
    )
    parts[at] = chance.choice(spellings)(parts[at])
    return ".".join(parts)


_FAMILIES = (("damaged", _damaged), ("forged", _resigned), ("flipped", _flipped), ("respelled", _respelled))


def _signed(header: dict[str, object], claims: dict[str, object], *, key: bytes = SECRET) -> str:
    text = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
    return f"{text}.{_b64(hmac.digest(key, text.encode(), sha256))}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _print(found: Counter[str], *, seconds: float) -> None:
    for name, number in sorted(found.items()):
        print(f"{number:9,d}  {name}")
    print(f"{sum(found.values()):9,d}  in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())

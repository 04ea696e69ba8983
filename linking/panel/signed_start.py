"""The signed start of the app: every check between the token that Zendesk posts and a panel that opens.

Source: fact sheets of Zendesk, 9.3, and of Messaging accounts, section 11 (signed start). The token says that an agent
of the account has the panel open. It does not say about whom: the browser reports the person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from linking.tokens import jws
from linking.tokens.refusals import Reason

# Zendesk stamps the times with its own clock, and servers drift; a minute forgives drift and little else.
LEEWAY_S = 60
# 2100-01-01T00:00:00Z: a time beyond it is a mistake (milliseconds, say) and not a time.
TIME_END_EPOCH_S = 4_102_444_800
ID_MAX_CHARACTERS = 255
LOCATIONS = frozenset({"ticket_sidebar", "user_sidebar", "chat_sidebar"})
_KEYS_REMEMBERED = 64

Claims = Mapping[str, Any]


class StartReason(StrEnum):
    """Why a start is refused, in the order of the checks."""

    TOO_MANY = "too_many"
    NO_INTEGRATION = "no_integration"
    SWITCHED_OFF = "switched_off"
    NO_KEY = "no_key"
    NO_TOKEN = "no_token"  # noqa: S105
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    AUDIENCE = "audience"
    ISSUER = "issuer"
    TIMES = "times"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NO_ID = "no_id"
    REPLAYED = "replayed"
    UNAVAILABLE = "unavailable"


class StartRefused(Exception):
    """The panel does not open; `reason` says why, and the message is only for programmers."""

    def __init__(self, reason: StartReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStart:
    """What a believed token says, and when it ends (epoch seconds).

    `agent` is "" where it names none, `location` is "" for one that the package does not have.
    """

    token_id: str
    agent: str
    location: str
    ends_epoch_s: float


_REASONS: Mapping[Reason, StartReason] = {
    Reason.TOO_LARGE: StartReason.TOO_LARGE,
    Reason.MALFORMED: StartReason.MALFORMED,
    Reason.HEADER: StartReason.MALFORMED,
    Reason.ALGORITHM: StartReason.ALGORITHM,
    Reason.SIGNATURE: StartReason.SIGNATURE,
}


def verify_start(*, token: str, public_key: str, audience: str, issuer: str, now: float) -> SignedStart:
    """Return what `token` says, once every check has passed.

    Args:
        public_key: the app's RSA key as PEM.
        audience: the address of the installation; the token names exactly this one.
        issuer: `acme.zendesk.com`.
        now: epoch seconds.

    Raises: StartRefused.
    """
    if not token:
        raise StartRefused(StartReason.NO_TOKEN)
    try:
        unverified = jws.read(token)
        jws.verify_rs256(unverified, keys=[_load_key(public_key)])
        claims = jws.read_object(unverified.payload)
    except jws.JWSError as error:
        raise StartRefused(_REASONS[error.reason]) from error
    if claims.get("aud") != audience:
        raise StartRefused(StartReason.AUDIENCE)
    if claims.get("iss") != issuer:
        raise StartRefused(StartReason.ISSUER)
    return SignedStart(
        ends_epoch_s=_check_times(claims, now=now),
        token_id=_read_id(claims),
        agent=_read_agent(claims),
        location=_read_location(claims),
    )


@lru_cache(maxsize=_KEYS_REMEMBERED)
def _load_key(pem: str) -> RSAPublicKey:
    """Return the key that `linking.integrations.rules` has judged when it was saved."""
    key = load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, RSAPublicKey):
        raise TypeError("Only RSA keys are stored.")
    return key


def _check_times(claims: Claims, *, now: float) -> float:
    """Return when the token ends. Raises: StartRefused."""
    ends, begins = _read_time(claims, "exp"), _read_time(claims, "nbf")
    if now >= ends + LEEWAY_S:
        raise StartRefused(StartReason.EXPIRED)
    if begins > now + LEEWAY_S:
        raise StartRefused(StartReason.NOT_YET_VALID)
    return ends


def _read_time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < TIME_END_EPOCH_S:
        raise StartRefused(StartReason.TIMES)
    return value


def _read_id(claims: Claims) -> str:
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= ID_MAX_CHARACTERS:
        raise StartRefused(StartReason.NO_ID)
    return token_id


def _read_agent(claims: Claims) -> str:
    # The form of `sub` is not documented, so nothing depends on it.
    agent = claims.get("sub")
    return agent[:ID_MAX_CHARACTERS] if isinstance(agent, str) else ""


def _read_location(claims: Claims) -> str:
    context = claims.get("context")
    location = context.get("location") if isinstance(context, dict) else None
    return location if isinstance(location, str) and location in LOCATIONS else ""

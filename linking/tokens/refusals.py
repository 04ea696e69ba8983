"""Why a token request can be refused: one reason word each, its stable code, and the sentence that says what to do.

docs/token-endpoint.md shows this table to the people who meet it, and a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """The stable codes. 00-00 to 00-03 mean what the vendor's sample service means by them."""

    NOT_PASSED = "00-00"
    INVALID = "00-01"
    USER_ID = "00-02"
    EMAIL = "00-03"
    ORIGIN = "00-04"
    LIMITED = "00-05"
    NO_INTEGRATION = "00-06"
    NOT_READY = "00-07"
    METHOD = "00-08"


STATUSES: Mapping[Code, int] = MappingProxyType(
    {
        Code.NOT_PASSED: 401,
        Code.INVALID: 401,
        Code.USER_ID: 422,
        Code.EMAIL: 422,
        Code.ORIGIN: 403,
        Code.LIMITED: 429,
        Code.NO_INTEGRATION: 404,
        Code.NOT_READY: 503,
        Code.METHOD: 405,
    }
)


class Reason(StrEnum):
    """The finer machine words, in the order in which the checks are made within each code."""

    NOT_PASSED = "not_passed"
    COOKIES_UNREADABLE = "cookies_unreadable"

    EMPTY = "empty"
    AMBIGUOUS_COOKIE = "ambiguous_cookie"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    HEADER = "header"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    SERVER_TOKEN = "server_token"  # noqa: S105
    EXP_MISSING = "exp_missing"
    EXP_INVALID = "exp_invalid"
    IAT_INVALID = "iat_invalid"
    NBF_INVALID = "nbf_invalid"
    LIFETIME = "lifetime"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUER = "issuer"
    PROJECT = "project"
    AUDIENCE = "audience"

    SUB_MISSING = "sub_missing"
    SUB_NOT_TEXT = "sub_not_text"
    SUB_BLANK = "sub_blank"
    SUB_TOO_LONG = "sub_too_long"
    SUB_SURROUNDING_BLANKS = "sub_surrounding_blanks"
    SUB_UNPRINTABLE = "sub_unprintable"
    SUB_JUNK = "sub_junk"

    EMAIL_MISSING = "email_missing"
    EMAIL_UNUSABLE = "email_unusable"

    ORIGIN = "origin"
    FETCH_MODE = "fetch_mode"
    BLOCKED = "blocked"

    ADDRESS_LIMIT = "address_limit"
    USER_LIMIT = "user_limit"

    UNKNOWN_INTEGRATION = "unknown_integration"
    DISABLED = "disabled"

    UNAVAILABLE = "unavailable"
    NOTHING_CONFIGURED = "nothing_configured"
    RS256_KEYS = "rs256_keys"
    LOGIN_SECRET = "login_secret"  # noqa: S105
    ZENDESK_SECRET = "zendesk_secret"  # noqa: S105
    ZENDESK_KEY_ID = "zendesk_key_id"

    METHOD = "method"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of the table; `description` is one English sentence that never echoes what was sent."""

    reason: Reason
    code: Code
    description: str

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return STATUSES[self.code]


class Refused(Exception):
    """A token request is refused; `reason` says why. The modules below raise their own kinds of it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


_SIGN_IN_AGAIN = "Send the player through Xsolla Login again"
_SENTENCES: tuple[tuple[Code, Reason, str], ...] = (
    (Code.NOT_PASSED, Reason.NOT_PASSED, "Token not passed: send the Login JWT as a cookie or as a Bearer token."),
    (
        Code.NOT_PASSED,
        Reason.COOKIES_UNREADABLE,
        "A cookie beside the token is not plain ASCII and hides them all: encode it, or pass the token as Bearer.",
    ),
    (Code.INVALID, Reason.EMPTY, "The token is empty: let the page set it only after sign-in."),
    (
        Code.INVALID,
        Reason.AMBIGUOUS_COOKIE,
        "The token cookie came twice with different values: remove the one set for another domain or path.",
    ),
    (Code.INVALID, Reason.TOO_LARGE, "The token is longer than 8192 characters: pass the Login JWT alone."),
    (
        Code.INVALID,
        Reason.MALFORMED,
        "The token is not a JWT: pass it exactly as Login issued it, without quotes, blanks or padding.",
    ),
    (
        Code.INVALID,
        Reason.HEADER,
        "The token's header may hold alg, typ (JWT), kid and cty only: pass a Login JWT.",
    ),
    (
        Code.INVALID,
        Reason.ALGORITHM,
        "The token's algorithm is not the one this integration is set to: compare it with the Login project.",
    ),
    (
        Code.INVALID,
        Reason.UNKNOWN_KEY,
        "The token names no key that the Login project lists: try again in a minute, or sign in again.",
    ),
    (
        Code.INVALID,
        Reason.SIGNATURE,
        "The token's signature does not match: compare this integration's secret with the Login project's.",
    ),
    (Code.INVALID, Reason.SERVER_TOKEN, "This is a server-to-server token: pass the player's own Login JWT."),
    (Code.INVALID, Reason.EXP_MISSING, f"The token has no exp claim and would never end. {_SIGN_IN_AGAIN}."),
    (Code.INVALID, Reason.EXP_INVALID, "The exp claim must be a whole number of seconds before the year 2100."),
    (Code.INVALID, Reason.IAT_INVALID, "The iat claim must be a number of seconds before the year 2100."),
    (Code.INVALID, Reason.NBF_INVALID, "The nbf claim must be a number of seconds before the year 2100."),
    (Code.INVALID, Reason.LIFETIME, "The token ends before it was issued: exp must be later than iat."),
    (Code.INVALID, Reason.EXPIRED, f"The token has expired. {_SIGN_IN_AGAIN}."),
    (
        Code.INVALID,
        Reason.NOT_YET_VALID,
        "The token is not valid yet: set the clock of this server, and try again in a minute.",
    ),
    (Code.INVALID, Reason.ISSUER, "The token was not issued by https://login.xsolla.com: pass a Login JWT."),
    (
        Code.INVALID,
        Reason.PROJECT,
        "The token belongs to another Login project: compare xsolla_login_project_id with this integration's setting.",
    ),
    (Code.INVALID, Reason.AUDIENCE, "The token's aud claim names somebody else: pass the player's Login JWT."),
    (Code.USER_ID, Reason.SUB_MISSING, '"sub" claim is missed: the token must name the user.'),
    (Code.USER_ID, Reason.SUB_NOT_TEXT, 'The "sub" claim must be text.'),
    (Code.USER_ID, Reason.SUB_BLANK, 'The "sub" claim is empty: the token must name the user.'),
    (Code.USER_ID, Reason.SUB_TOO_LONG, 'The "sub" claim is longer than 255 characters: use a shorter user ID.'),
    (Code.USER_ID, Reason.SUB_SURROUNDING_BLANKS, 'The "sub" claim begins or ends with blanks: issue it without them.'),
    (Code.USER_ID, Reason.SUB_UNPRINTABLE, 'The "sub" claim holds invisible characters: issue it without them.'),
    (
        Code.USER_ID,
        Reason.SUB_JUNK,
        'The "sub" claim is a word for nothing, such as null or 0, and would join strangers: issue the real user ID.',
    ),
    (
        Code.EMAIL,
        Reason.EMAIL_MISSING,
        '"email" claim is missed: let Login ask for the address, or choose what to do without one in this integration.',
    ),
    (
        Code.EMAIL,
        Reason.EMAIL_UNUSABLE,
        "Zendesk cannot take this user's e-mail address: it must be at most 254 plain ASCII characters.",
    ),
    (Code.ORIGIN, Reason.ORIGIN, "This page's origin may not ask for tokens: add it to the integration's origins."),
    (
        Code.ORIGIN,
        Reason.FETCH_MODE,
        "Tokens are not given to page loads or embedded resources: call this address with fetch from the page.",
    ),
    (Code.ORIGIN, Reason.BLOCKED, "This user may not have tokens: lift the block of this user ID to allow it again."),
    (Code.LIMITED, Reason.ADDRESS_LIMIT, "Too many requests from this address: wait as long as Retry-After says."),
    (Code.LIMITED, Reason.USER_LIMIT, "Too many tokens for this user: wait as long as Retry-After says."),
    (
        Code.NO_INTEGRATION,
        Reason.UNKNOWN_INTEGRATION,
        "There is no such integration: compare the last part of the address with the integration's slug.",
    ),
    (Code.NO_INTEGRATION, Reason.DISABLED, "The integration is switched off: enable it to give out tokens."),
    (Code.NOT_READY, Reason.UNAVAILABLE, "The settings cannot be read at the moment: try again shortly."),
    (Code.NOT_READY, Reason.NOTHING_CONFIGURED, "No integration is set up yet: create one first."),
    (
        Code.NOT_READY,
        Reason.RS256_KEYS,
        "The Login project's RS256 keys are not here yet: try again shortly, and check that the project lists some.",
    ),
    (Code.NOT_READY, Reason.LOGIN_SECRET, "Set-up incomplete: the Login secret key is missing or cannot be opened."),
    (
        Code.NOT_READY,
        Reason.ZENDESK_SECRET,
        "Set-up incomplete: the Zendesk shared secret is missing or cannot be opened.",
    ),
    (Code.NOT_READY, Reason.ZENDESK_KEY_ID, "Set-up incomplete: Messaging tokens need the ID of the signing key."),
    (Code.METHOD, Reason.METHOD, "This address answers GET, POST, HEAD and OPTIONS only: use one of them."),
)
REFUSALS: Mapping[Reason, Refusal] = MappingProxyType(
    {reason: Refusal(reason, code, description) for code, reason, description in _SENTENCES}
)

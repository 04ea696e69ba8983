"""Why a token request can be refused: one reason word each, its stable code, and the sentence that says what to do.

docs/token-endpoint.md shows this table to the people who meet it, and a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from linking.core.text_marks import gettext_noop as _


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


# These are found only after the signature was checked: such a token is Login's own, whatever else is wrong with it.
SIGNED_REASONS = frozenset(
    {
        Reason.EXP_MISSING,
        Reason.EXP_INVALID,
        Reason.IAT_INVALID,
        Reason.NBF_INVALID,
        Reason.LIFETIME,
        Reason.EXPIRED,
        Reason.NOT_YET_VALID,
        Reason.ISSUER,
        Reason.AUDIENCE,
        Reason.EMAIL_MISSING,
        Reason.EMAIL_UNUSABLE,
        Reason.BLOCKED,
        Reason.USER_LIMIT,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of the table; `description` is one English sentence that never echoes the request.

    The endpoint sends it in English; pages translate it.
    """

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


_SENTENCES: tuple[tuple[Code, Reason, str], ...] = (
    (Code.NOT_PASSED, Reason.NOT_PASSED, _("Token not passed: send the Login JWT as a cookie or as a Bearer token.")),
    (
        Code.NOT_PASSED,
        Reason.COOKIES_UNREADABLE,
        _("Another cookie has characters outside ASCII and hides all cookies: encode it, or send the token as Bearer."),
    ),
    (Code.INVALID, Reason.EMPTY, _("The token is empty: let the page set it only after sign-in.")),
    (
        Code.INVALID,
        Reason.AMBIGUOUS_COOKIE,
        _("The token cookie was sent twice with different values: remove the one set for another domain or path."),
    ),
    (Code.INVALID, Reason.TOO_LARGE, _("The token is longer than 8192 characters: send the Login JWT alone.")),
    (
        Code.INVALID,
        Reason.MALFORMED,
        _("The token is not a JWT: pass it exactly as Login issued it, without quotes, spaces or padding."),
    ),
    (
        Code.INVALID,
        Reason.HEADER,
        _("The token's header may contain only alg, typ (JWT), kid and cty: pass a Login JWT."),
    ),
    (
        Code.INVALID,
        Reason.ALGORITHM,
        _("The token's algorithm is not the one set for this integration: compare it with the Login project."),
    ),
    (
        Code.INVALID,
        Reason.UNKNOWN_KEY,
        _("The token's key is not among those of the Login project: try again in a minute, or sign in again."),
    ),
    (
        Code.INVALID,
        Reason.SIGNATURE,
        _("The token's signature does not match: compare this integration's secret with the Login project's."),
    ),
    (Code.INVALID, Reason.SERVER_TOKEN, _("This is a server-to-server token: pass the player's own Login JWT.")),
    (
        Code.INVALID,
        Reason.EXP_MISSING,
        _("The token has no exp claim and would never expire. Send the player through Xsolla Login again."),
    ),
    (Code.INVALID, Reason.EXP_INVALID, _("The exp claim must be a whole number of seconds before the year 2100.")),
    (Code.INVALID, Reason.IAT_INVALID, _("The iat claim must be a number of seconds before the year 2100.")),
    (Code.INVALID, Reason.NBF_INVALID, _("The nbf claim must be a number of seconds before the year 2100.")),
    (Code.INVALID, Reason.LIFETIME, _("The token expires before it was issued: exp must be later than iat.")),
    (Code.INVALID, Reason.EXPIRED, _("The token has expired. Send the player through Xsolla Login again.")),
    (
        Code.INVALID,
        Reason.NOT_YET_VALID,
        _("The token is not valid yet: check the clock of this server, and try again in a minute."),
    ),
    (Code.INVALID, Reason.ISSUER, _("The token was not issued by https://login.xsolla.com: pass a Login JWT.")),
    (
        Code.INVALID,
        Reason.PROJECT,
        _("The token belongs to another Login project: compare its xsolla_login_project_id with this integration's."),
    ),
    (Code.INVALID, Reason.AUDIENCE, _("The token's aud claim names someone else: pass the player's Login JWT.")),
    (Code.USER_ID, Reason.SUB_MISSING, _('"sub" claim is missed: the token must name the user.')),
    (Code.USER_ID, Reason.SUB_NOT_TEXT, _('The "sub" claim must be text.')),
    (Code.USER_ID, Reason.SUB_BLANK, _('The "sub" claim is empty: the token must name the user.')),
    (Code.USER_ID, Reason.SUB_TOO_LONG, _('The "sub" claim is longer than 255 characters: use a shorter user ID.')),
    (
        Code.USER_ID,
        Reason.SUB_SURROUNDING_BLANKS,
        _('The "sub" claim begins or ends with spaces: issue it without them.'),
    ),
    (Code.USER_ID, Reason.SUB_UNPRINTABLE, _('The "sub" claim contains invisible characters: issue it without them.')),
    (
        Code.USER_ID,
        Reason.SUB_JUNK,
        _('The "sub" claim is a word for nothing, such as null or 0: issue the real user ID.'),
    ),
    (
        Code.EMAIL,
        Reason.EMAIL_MISSING,
        _('"email" claim is missed: let Login ask for the address, or choose what this integration does without one.'),
    ),
    (
        Code.EMAIL,
        Reason.EMAIL_UNUSABLE,
        _("Zendesk cannot use this player's e-mail address: it must be at most 254 plain ASCII characters."),
    ),
    (
        Code.ORIGIN,
        Reason.ORIGIN,
        _("This page's origin may not request tokens: add it to the allowed origins of the integration."),
    ),
    (
        Code.ORIGIN,
        Reason.FETCH_MODE,
        _("Page loads and embedded resources get no token: call this address with fetch from the page."),
    ),
    (
        Code.ORIGIN,
        Reason.BLOCKED,
        _("This player is blocked and gets no token: lift the block of the user ID to allow tokens again."),
    ),
    (Code.LIMITED, Reason.ADDRESS_LIMIT, _("Too many requests from this address: wait as long as Retry-After says.")),
    (Code.LIMITED, Reason.USER_LIMIT, _("Too many tokens for this player: wait as long as Retry-After says.")),
    (
        Code.NO_INTEGRATION,
        Reason.UNKNOWN_INTEGRATION,
        _("There is no such integration: compare the last part of the address with the integration's slug."),
    ),
    (Code.NO_INTEGRATION, Reason.DISABLED, _("The integration is switched off: enable it to issue tokens.")),
    (Code.NOT_READY, Reason.UNAVAILABLE, _("The settings cannot be read at the moment: try again shortly.")),
    (Code.NOT_READY, Reason.NOTHING_CONFIGURED, _("No integration is set up yet: create one first.")),
    (
        Code.NOT_READY,
        Reason.RS256_KEYS,
        _("The Login project's RS256 keys are not loaded yet: try again shortly, and check that the project has keys."),
    ),
    (Code.NOT_READY, Reason.LOGIN_SECRET, _("Set-up incomplete: the Login secret key is missing or cannot be opened.")),
    (
        Code.NOT_READY,
        Reason.ZENDESK_SECRET,
        _("Set-up incomplete: the Zendesk shared secret is missing or cannot be opened."),
    ),
    (Code.NOT_READY, Reason.ZENDESK_KEY_ID, _("Set-up incomplete: Messaging tokens need the ID of the signing key.")),
    (Code.METHOD, Reason.METHOD, _("This address responds only to GET, POST, HEAD and OPTIONS: use one of them.")),
)
REFUSALS: Mapping[Reason, Refusal] = MappingProxyType(
    {reason: Refusal(reason, code, description) for code, reason, description in _SENTENCES}
)

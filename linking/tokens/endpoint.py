"""FEATURE 1: a Login JWT comes in, a Zendesk JWT goes out.

`answer` decides everything from plain values: no clock, no request object, no database. `serve` puts the
configuration in force around it and notes who was seen; whoever speaks HTTP passes its answer on byte for byte.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

from django.db import Error as StoreError

from linking import registry
from linking.core import cors
from linking.core.addresses import limit_key
from linking.core.config import IntegrationConfig, Mode, Snapshot, snapshot_of
from linking.core.key_sets import NO_KEYS, KeySet
from linking.core.user_ids import user_id_flaw
from linking.limits import Limiter
from linking.tokens import answer_counts, clock_offsets, email_lookup, key_fetching, refused_players, sightings
from linking.tokens.http import (
    ALLOW,
    ISSUING,
    METHODS,
    REFUSED_FETCH_MODES,
    TooMany,
    bearer_token,
    cookie_tokens,
    headers,
    refusal_response,
    require_token,
)
from linking.tokens.jws import JWSError
from linking.tokens.login_jwt import (
    LoginToken,
    LoginTokenError,
    VerifiedUser,
    find_signer,
    good_between,
    read_unverified_project_id,
    usable_email,
    verify_login_jwt,
)
from linking.tokens.observe_mode import NEVER_OBSERVED, accepted_user
from linking.tokens.refusals import REFUSALS, Reason, Refused
from linking.tokens.verified_tokens import Verified, VerifiedTokens, digest_token
from linking.tokens.zendesk_jwt import zendesk_jwt

LookUp = Callable[..., str]
_NO_KEY_SETS: Mapping[str, KeySet] = {}
_KINDS_KEPT = 256
_verified = VerifiedTokens()


class TokenRequest(NamedTuple):
    """What of an HTTP request matters; a header that was not sent is "", `origin` and `cookie_header` then are None.

    `cookie_header` is the raw header, "" when one came that the server could not read. `slug` is the path's last part,
    None where the path names no integration.
    """

    method: str
    slug: str | None = None
    cookie_header: str | None = None
    authorization: str = ""
    origin: str | None = None
    fetch_mode: str = ""
    address: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, Any], slug: str | None) -> Self:
        """Return the request that `environ` (PEP 3333) describes."""
        get = environ.get
        return cls(
            # As it was sent: Django's own would call a `get` GET, but methods are case-sensitive (RFC 9110 §9.1).
            environ["REQUEST_METHOD"],
            slug,
            # The raw Cookie header: the parsed cookies have already forgotten that one stood twice. Granian hands over
            # an empty one for one that is not ASCII (its issue 335, read 2026-11); no browser sends an empty one.
            get("HTTP_COOKIE"),
            get("HTTP_AUTHORIZATION", ""),
            get("HTTP_ORIGIN"),
            get("HTTP_SEC_FETCH_MODE", ""),
            get("REMOTE_ADDR", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimits:
    """Who may ask how often."""

    per_address: Limiter
    per_user: Limiter


class TokenAnswer(NamedTuple):
    """A whole HTTP answer, and what to remember of it.

    `user` is whom a token left for, None where nobody is to be noted; `config` the integration that answered, None
    where none was known. `reason` is why the request was refused, or would have been had the integration not only been
    observed (a token is in the body all the same); None for a token.
    """

    status: int
    headers: cors.Headers
    body: bytes
    user: VerifiedUser | None = None
    config: IntegrationConfig | None = None
    reason: Reason | None = None


def serve(request: TokenRequest, now: float, limits: TokenLimits) -> TokenAnswer:
    """Answer `request` at `now` (epoch seconds) with what is in force; what is worth remembering is noted in memory and
    written later.
    """
    try:
        snapshot = registry.current()
    except StoreError:
        # Only a process that has never reached its database comes here; later the last good configuration stays.
        exchange = _Exchange(request, snapshot_of(configs=()), now, limits)
        return exchange.refusal(Refused(Reason.UNAVAILABLE))
    given = answer(request, snapshot, now, limits, key_fetching.current(), email_lookup.email_of, _verified)
    _note(given, request, now)
    return given


def answer(
    request: TokenRequest,
    snapshot: Snapshot,
    now: float,
    limits: TokenLimits,
    keys: Mapping[str, KeySet] = _NO_KEY_SETS,
    look_up: LookUp | None = None,
    verified: VerifiedTokens | None = None,
) -> TokenAnswer:
    """Return the answer to `request` at `now` (epoch seconds) under the configuration `snapshot`.

    `keys` are the public keys of RS256 projects, by Login project ID. `look_up` finds the address of a user whose
    token has none, for integrations that ask for it; it takes the keywords of `email_lookup.email_of`. `verified`
    spares tokens that were verified before a second verification; without it each one is verified.
    """
    exchange = _Exchange(request, snapshot, now, limits, keys, look_up, verified)
    try:
        return exchange.options() if request.method == "OPTIONS" else exchange.issue()
    except Refused as error:
        return exchange.observe(error) or exchange.refusal(error)


def _keys_of(config: IntegrationConfig, keys: Mapping[str, KeySet]) -> KeySet:
    return keys.get(config.login_project_id, NO_KEYS)


def _learn(reason: Reason, *, request: TokenRequest, config: IntegrationConfig, now: float) -> None:
    """Have done what a refusal shows to be needed: newer keys, or a look at the clock."""
    if reason in (Reason.UNKNOWN_KEY, Reason.RS256_KEYS):
        key_fetching.ask_for(project_id=config.login_project_id)
    if reason is Reason.NOT_YET_VALID:
        clock_offsets.note(
            authorization=request.authorization,
            cookie_header=request.cookie_header or "",
            config=config,
            keys=key_fetching.current(),
            now=now,
        )


def _note_refused(reason: Reason, *, request: TokenRequest, config: IntegrationConfig, now: float) -> None:
    origin = request.origin or ""
    refused_players.note(
        authorization=request.authorization,
        cookie_header=request.cookie_header or "",
        origin=origin,
        is_origin_listed=origin in config.allowed_origins,
        reason=reason,
        config=config,
        keys=key_fetching.current(),
        now=now,
    )


def _note(given: TokenAnswer, request: TokenRequest, now: float) -> None:
    """Remember whom a token was for, what a refusal shows, and that an answer of this kind was given."""
    status, _, _, user, config, reason = given
    if config is not None:
        if user is not None:
            sightings.note(config.integration_id, user, now)
        if reason is not None:
            _learn(reason, request=request, config=config, now=now)
            if status != 200 and request.method in ISSUING:
                _note_refused(reason, request=request, config=config, now=now)
    if request.method in ISSUING:
        origin = request.origin or ""
        integration_id = 0 if config is None else config.integration_id
        if reason is None:
            kind = _count_key(integration_id, origin)
        else:
            kind = answer_counts.AnswerKey(
                integration_id, REFUSALS[reason].code.value, reason.value, origin, status == 200
            )
        answer_counts.note(kind, config is not None and origin in config.allowed_origins, now)


# Tokens go to pages that an integration lists, so that strangers cannot fill this.
@lru_cache(maxsize=_KINDS_KEPT)
def _count_key(integration_id: int, origin: str) -> answer_counts.AnswerKey:
    return answer_counts.AnswerKey(integration_id, "", answer_counts.ISSUED, origin)


class _Exchange:
    """One request on its way to an answer.

    Remembers which integration is known so far, because the pages that may read a refusal depend on it: as long as
    none is known, those that any enabled integration lists. Each token makes one of these, hence the slots and the
    arguments by place.
    """

    __slots__ = ("_config", "_keys", "_limits", "_look_up", "_now", "_origins", "_request", "_snapshot", "_verified")

    def __init__(
        self,
        request: TokenRequest,
        snapshot: Snapshot,
        now: float,
        limits: TokenLimits,
        keys: Mapping[str, KeySet] = _NO_KEY_SETS,
        look_up: LookUp | None = None,
        verified: VerifiedTokens | None = None,
    ) -> None:
        self._look_up, self._verified = look_up, verified
        self._request, self._snapshot, self._now, self._limits, self._keys = request, snapshot, now, limits, keys
        self._config: IntegrationConfig | None = None
        # The pages that may read an answer.
        self._origins: Collection[str] = snapshot.origins
        if request.slug is not None:
            self._settle(snapshot.by_slug.get(request.slug))
        elif len(snapshot.enabled) == 1:
            self._settle(snapshot.enabled[0])

    def _settle(self, config: IntegrationConfig | None) -> None:
        """Let `config` answer where there is one; from here on only its own pages may read anything."""
        if config is not None:
            self._config, self._origins = config, config.allowed_origins

    def options(self) -> TokenAnswer:
        """Answer an OPTIONS request, a browser's preflight among them, without any token. Raises: Refused."""
        if self._request.origin is None:
            self._check_path()
            return self._answer(204, more=ALLOW)
        self._check_page()
        return self._answer(204, more=(*ALLOW, *cors.preflight_headers()))

    def issue(self) -> TokenAnswer:
        """Answer with a Zendesk JWT. Raises: Refused."""
        request, now = self._request, self._now
        if request.method not in METHODS:
            raise Refused(Reason.METHOD)
        _spend_address(self._limits, request.address, now)
        self._check_path()
        self._check_page()
        texts = self._login_jwts()
        text, config, user = self._identify(texts[0]) if len(texts) == 1 else self._identify_any(texts)
        if user.user_id in config.blocked_user_ids:
            raise Refused(Reason.BLOCKED)
        _spend_user(self._limits, config, user.user_id, now)
        if config.is_email_looked_up and not user.email:
            user = self._with_email(user, config=config, login_jwt=text)
        return self._issue(user=user, config=config)

    def _identify(self, text: str) -> tuple[str, IntegrationConfig, VerifiedUser]:
        """Return `text`, the integration that answers, and whom the token names to it. Raises: Refused."""
        if self._verified is None:
            verified = self._verify(text)
            return text, verified.config, verified.user
        digest = digest_token(text)
        verdict = self._verified.find(digest, self._request.slug, self._snapshot, self._keys, self._now)
        if verdict is None:
            verdict = self._verify(text)
            # Where integrations share a project, the asking page has a say, which what is kept knows nothing of.
            if self._request.slug is not None or len(self._snapshot.by_project[verdict.config.login_project_id]) == 1:
                self._verified.add(digest, verdict, self._now)
        elif verdict.config is not self._config:
            self._settle(verdict.config)
            self._check_page()
        return text, verdict.config, verdict.user

    def _identify_any(self, texts: Sequence[str]) -> tuple[str, IntegrationConfig, VerifiedUser]:
        """Return the first of `texts` that is a token of ours, the integration that answers, and whom it names to it.

        Under one domain there may be another program's cookie of that name. A token of one of our projects is passed
        over for no other: what is wrong with it, its player has to know. Raises: Refused.
        """
        reasons: list[Reason] = []
        for text in texts:
            try:
                return self._identify(text)
            except (JWSError, LoginTokenError) as error:
                if self._config is not None:
                    raise
                reasons.append(error.reason)
        raise LoginTokenError(reasons[0])

    def _verify(self, text: str) -> Verified:
        """Return the verdict about the token, of which nothing is known yet. Raises: Refused."""
        token = LoginToken(text)
        config = self._choose(token)
        keys = _keys_of(config, self._keys)
        user = verify_login_jwt(token=token, config=config, now=self._now, keys=keys)
        begins, ends = good_between(token.unverified_claims(), config=config, now=self._now)
        return Verified(config, user, self._request.slug, self._snapshot, keys, begins, ends)

    def _with_email(self, user: VerifiedUser, *, config: IntegrationConfig, login_jwt: str) -> VerifiedUser:
        if self._look_up is None:
            return user
        email = self._look_up(
            integration_id=config.integration_id, user_id=user.user_id, login_jwt=login_jwt, now=self._now
        )
        return user._replace(email=email, email_flaw=None) if email else user

    def observe(self, error: Refused) -> TokenAnswer | None:
        """Answer with a Zendesk JWT where the integration is only observed and the sample service would have; or None.

        The answer still says, to whoever records it, why it would have been refused.
        """
        if error.reason in NEVER_OBSERVED or self._request.method == "OPTIONS":
            return None
        known = (self._config,) if self._config is not None else self._snapshot.enabled
        for config in known:
            if config.mode is not Mode.OBSERVE or not config.is_enabled:
                continue
            user = accepted_user(cookie_header=self._request.cookie_header or "", config=config, now=self._now)
            if user is None or user.user_id in config.blocked_user_ids:
                continue
            self._settle(config)
            try:
                given = self._issue(user=user, config=config)
            except Refused:  # not set up to sign
                return None
            return given._replace(reason=error.reason, user=_clean(given.user))
        return None

    def _issue(self, *, user: VerifiedUser, config: IntegrationConfig) -> TokenAnswer:
        # A compact JWS has no character that JSON would escape.
        body = b'{"token":"' + zendesk_jwt(user=user, config=config, now=self._now).encode("ascii") + b'"}'
        return self._answer(200, body, user=None if self._request.method == "HEAD" else user)

    def refusal(self, error: Refused) -> TokenAnswer:
        """Answer that the request is refused, and why."""
        status, body, more = refusal_response(error)
        return self._answer(status, body, more, reason=error.reason)

    def _check_path(self) -> None:
        if self._request.slug is not None and self._config is None:
            raise Refused(Reason.UNKNOWN_INTEGRATION)
        if not self._snapshot.by_slug:
            raise Refused(Reason.NOTHING_CONFIGURED)
        if not self._snapshot.enabled or (self._config is not None and not self._config.is_enabled):
            raise Refused(Reason.DISABLED)

    def _check_page(self) -> None:
        if self._request.fetch_mode in REFUSED_FETCH_MODES:
            raise Refused(Reason.FETCH_MODE)
        origin = self._request.origin
        if origin is not None and not cors.is_listed(origin, origins=self._origins):
            raise Refused(Reason.ORIGIN)

    def _login_jwts(self) -> Sequence[str]:
        """Return the Bearer token, or what the cookies hold: several only where no integration is known yet."""
        authorization = self._request.authorization
        if authorization and (token := bearer_token(authorization)) is not None:
            return (require_token(token),)
        header = self._request.cookie_header
        if header == "":
            raise Refused(Reason.COOKIES_UNREADABLE)
        return cookie_tokens(header or "", names=self._cookie_names())

    def _cookie_names(self) -> tuple[str, ...]:
        if self._config is not None:
            return (self._config.cookie_name,)
        # A browser may hold the cookies of two shops under one domain: the one of the asking page comes first.
        own = [one.cookie_name for one in self._snapshot.enabled if self._request.origin in one.allowed_origins]
        return tuple(dict.fromkeys((*own, *self._snapshot.cookie_names)))

    def _choose(self, token: LoginToken) -> IntegrationConfig:
        """Return the integration that answers. Raises: Refused."""
        if self._request.slug is None:
            project_id = read_unverified_project_id(token)
            named = self._find_enabled(project_id, token=token) or self._find_disabled(project_id)
            if named is None and (project_id or self._config is None):
                raise LoginTokenError(Reason.PROJECT)
            if named is not None and named is not self._config:
                self._settle(named)
                self._check_path()
                self._check_page()
        if self._config is None:
            raise Refused(Reason.UNKNOWN_INTEGRATION)
        return self._config

    def _find_enabled(self, project_id: str, *, token: LoginToken) -> IntegrationConfig | None:
        """Return the one that answers for a project. Where several share it, the asking page and the key tell which."""
        sharing = self._snapshot.by_project.get(project_id, ())
        if len(sharing) < 2:
            return sharing[0] if sharing else None
        own = [one for one in sharing if self._request.origin in one.allowed_origins]
        return find_signer(token.unverified, among=own or sharing, now=self._now, keys=self._keys)

    def _find_disabled(self, project_id: str) -> IntegrationConfig | None:
        return next((one for one in self._snapshot.by_slug.values() if one.login_project_id == project_id), None)

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        more: cors.Headers = (),
        *,
        user: VerifiedUser | None = None,
        reason: Reason | None = None,
    ) -> TokenAnswer:
        origin = self._request.origin
        reader = origin if origin is not None and cors.is_listed(origin, origins=self._origins) else None
        # A 204 has no content, so neither type nor length (RFC 9110 §8.6).
        length = None if status == 204 else len(body)
        sent = b"" if self._request.method == "HEAD" else body
        named = headers(length, reader, more)
        return TokenAnswer(status, named, sent, user, self._config, reason)


def _spend_address(limits: TokenLimits, address: str, now: float) -> None:
    """Count a request of `address`. Raises: TooMany."""
    if limits.per_address.per_minute and (wait_s := limits.per_address.wait_s(limit_key(address), now)) > 0:
        raise TooMany(Reason.ADDRESS_LIMIT, wait_s=wait_s)


def _spend_user(limits: TokenLimits, config: IntegrationConfig, user_id: str, now: float) -> None:
    """Count a token for a user of `config`. Raises: TooMany."""
    if limits.per_user.per_minute and (wait_s := limits.per_user.wait_s(f"{config.integration_id}|{user_id}", now)) > 0:
        raise TooMany(Reason.USER_LIMIT, wait_s=wait_s)


def _clean(user: VerifiedUser | None) -> VerifiedUser | None:
    """Return the user with an address that our own rules would have passed, or with none.

    An ID that no rule of ours has passed has no place among the users: then there is nobody to remember.
    """
    if user is None or user_id_flaw(user.user_id):
        return None
    return user._replace(email=usable_email(user.email)[0])

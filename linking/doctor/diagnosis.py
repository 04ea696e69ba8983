"""The token doctor: returns a verdict for every rule on a paste, in the order of the checks.

It stores, logs and sends nothing. The rules on a Login JWT are the functions that guard the token endpoint
(`jws.read`, `check_signature`, `CLAIM_RULES`, `zendesk_jwt`); this module only explains, and reads past errors.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from linking.core.config import IntegrationConfig, SecretName
from linking.doctor.login import judge_login
from linking.doctor.page import judge_page
from linking.doctor.paste import find_token
from linking.doctor.paste_request import FoundToken, find_nothing, read_other_text
from linking.doctor.shape import TokenShape, read_shape
from linking.doctor.verdicts import Diagnosis, DoctorContext, TokenKind, Verdict, put_into_words
from linking.doctor.zendesk import judge_zendesk, looks_like_zendesk

# A shorter secret can occur in a text by chance.
SECRET_MIN_BYTES = 12


def diagnose(*, text: str, kind: TokenKind, around: DoctorContext) -> Diagnosis:
    """Return the verdicts on the token in `text`; a rule that cannot be judged is `skipped`, never guessed."""
    cookie_names = _list_cookie_names(around)
    secret = _find_secret(text, around=around)
    found = find_nothing("is_secret", name=secret) if secret else find_token(text, cookie_names=cookie_names)
    found, shape = _find_shape(found, cookie_names=cookie_names)
    if shape is None:
        slug = around.config.slug if around.config else ""
        page = judge_page(found, config=around.config)
        return _build_diagnosis(
            kind=kind, found_in=found.place, slug=slug, verdicts=(*page, found.verdict), around=around
        )
    token_kind = _choose_kind(kind, place=found.place, is_zendesk=looks_like_zendesk(shape.claims))
    if token_kind is TokenKind.ZENDESK:
        config = around.config or _find_only_enabled(around)
        verdicts = judge_zendesk(shape, config=config, around=around)
    else:
        config, verdicts = judge_login(shape, around=around)
    return _build_diagnosis(
        kind=token_kind,
        found_in=found.place,
        slug=config.slug if config else "",
        verdicts=[*judge_page(found, config=config), found.verdict, *shape.verdicts, *verdicts],
        claims=shape.claims,
        around=around,
    )


def _build_diagnosis(
    *, kind: TokenKind, found_in: str, slug: str, verdicts: Iterable[Verdict], around: DoctorContext,
    claims: Mapping[str, Any] | None = None,
) -> Diagnosis:  # fmt: skip
    texts = tuple(put_into_words(verdict, translate=around.translate) for verdict in verdicts)
    return Diagnosis(kind=kind, found_in=found_in, slug=slug, verdicts=texts, claims=claims)


def _find_shape(found: FoundToken, *, cookie_names: tuple[str, ...]) -> tuple[FoundToken, TokenShape | None]:
    """Return the found token and its shape, None without a token; a token inside other text replaces the text."""
    if found.token is None:
        return found, None
    shape = read_shape(found.token)
    if shape.unverified is not None:
        return found, shape
    amid = read_other_text(found.token, place=found.place, cookie_names=cookie_names)
    if amid is None or amid.token == found.token:
        return found, shape
    amid = replace(amid, origin=found.origin, fetch_mode=found.fetch_mode)
    return amid, None if amid.token is None else read_shape(amid.token)


def _find_secret(text: str, *, around: DoctorContext) -> str:
    """Return the name of a secret that occurs in `text`, "" without one."""
    raw = text.encode("utf-8", "surrogatepass")
    for config in (around.config,) if around.config else around.known:
        for name, secrets in _list_secrets(config).items():
            if any(len(secret) >= SECRET_MIN_BYTES and secret in raw for secret in secrets):
                return name
    return ""


def _list_secrets(config: IntegrationConfig) -> dict[str, tuple[bytes, ...]]:
    return {
        SecretName.LOGIN_SECRET_KEY.value: (*config.login_secrets, config.previous_login_secret),
        SecretName.ZENDESK_SHARED_SECRET.value: (config.zendesk_shared_secret, config.zendesk_shared_secret_next),
        SecretName.ZENDESK_WEBHOOK_SECRET.value: (config.zendesk_webhook_secret,),
        SecretName.ZENDESK_ACCESS_TOKEN.value: (config.zendesk_access_token.encode(),),
        SecretName.ZENDESK_CLIENT_SECRET.value: (config.zendesk_client_secret.encode(),),
    }


def _choose_kind(wanted: TokenKind, *, place: str, is_zendesk: bool) -> TokenKind:
    if wanted is not TokenKind.AUTO:
        return wanted
    # A cookie or a Bearer header goes to the endpoint, which expects a Login JWT whatever the content.
    return TokenKind.ZENDESK if is_zendesk and place in ("text", "json") else TokenKind.LOGIN


def _list_cookie_names(around: DoctorContext) -> tuple[str, ...]:
    if around.config is not None:
        return (around.config.cookie_name,)
    return tuple(dict.fromkeys(one.cookie_name for one in around.known if one.is_enabled)) or ("token",)


def _find_only_enabled(around: DoctorContext) -> IntegrationConfig | None:
    enabled = [one for one in around.known if one.is_enabled]
    return enabled[0] if len(enabled) == 1 else None

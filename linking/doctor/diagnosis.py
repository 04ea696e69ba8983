"""The token doctor: what was pasted goes in, a verdict for every rule comes out, in the order of checking.

Pure: nothing is stored, logged or sent. The rules on a Login JWT are the very functions that guard the token endpoint
(`jws.read`, `check_signature`, `CLAIM_RULES`, `zendesk_jwt`); what is added here only explains and reads on.
"""

from dataclasses import replace

from linking.core.config import IntegrationConfig
from linking.doctor.login import judge_login
from linking.doctor.page import judge_page
from linking.doctor.paste import find_token
from linking.doctor.paste_request import Found, in_other_text, nothing
from linking.doctor.shape import Shaped, read_shape
from linking.doctor.verdicts import Diagnosis, DoctorContext, TokenKind, Verdict
from linking.doctor.zendesk import judge_zendesk, looks_like_zendesk

# A shorter one could stand in a text by chance.
SECRET_MIN_BYTES = 12


def diagnose(*, text: str, kind: TokenKind, around: DoctorContext) -> Diagnosis:
    """Return the verdicts on the token in `text`; what cannot be judged is `skipped`, never guessed."""
    cookie_names = _cookie_names(around)
    secret = _secret_in(text, around=around)
    found = nothing("is_secret", name=secret) if secret else find_token(text, cookie_names=cookie_names)
    found, shaped = _find_shape(found, cookie_names=cookie_names)
    if shaped is None:
        slug = around.config.slug if around.config else ""
        page = judge_page(found, config=around.config)
        return Diagnosis(kind=kind, found_in=found.place, slug=slug, verdicts=(*page, found.verdict))
    judged = _kind(kind, place=found.place, is_zendesk=looks_like_zendesk(shaped.claims))
    verdicts: list[Verdict]
    if judged is TokenKind.ZENDESK:
        config = around.config or _only_enabled(around)
        verdicts = judge_zendesk(shaped, config=config, around=around)
    else:
        config, verdicts = judge_login(shaped, around=around)
    return Diagnosis(
        kind=judged,
        found_in=found.place,
        slug=config.slug if config else "",
        verdicts=(*judge_page(found, config=config), found.verdict, *shaped.verdicts, *verdicts),
    )


def _find_shape(found: Found, *, cookie_names: tuple[str, ...]) -> tuple[Found, Shaped | None]:
    """Return the shape of the token found, or of the one amid what was found; None when there is none."""
    if found.token is None:
        return found, None
    shaped = read_shape(found.token)
    if shaped.unverified is not None:
        return found, shaped
    amid = in_other_text(found.token, place=found.place, cookie_names=cookie_names)
    if amid is None or amid.token == found.token:
        return found, shaped
    amid = replace(amid, origin=found.origin, fetch_mode=found.fetch_mode)
    return amid, None if amid.token is None else read_shape(amid.token)


def _secret_in(text: str, *, around: DoctorContext) -> str:
    """Return the name of the secret that stands anywhere in `text`, "" when none does."""
    raw = text.encode("utf-8", "surrogatepass")
    for config in (around.config,) if around.config else around.known:
        for name, secrets in _secrets(config).items():
            if any(len(secret) >= SECRET_MIN_BYTES and secret in raw for secret in secrets):
                return name
    return ""


def _secrets(config: IntegrationConfig) -> dict[str, tuple[bytes, ...]]:
    return {
        "Login secret key": (*config.login_secrets, config.previous_login_secret),
        "Zendesk shared secret": (config.zendesk_shared_secret, config.zendesk_shared_secret_next),
        "Zendesk webhook secret": (config.zendesk_webhook_secret,),
        "Zendesk access token": (config.zendesk_access_token.encode(),),
        "Zendesk client secret": (config.zendesk_client_secret.encode(),),
    }


def _kind(asked: TokenKind, *, place: str, is_zendesk: bool) -> TokenKind:
    if asked is not TokenKind.AUTO:
        return asked
    # A cookie or a Bearer header is on its way to the endpoint, which wants Login JWTs whatever they look like.
    return TokenKind.ZENDESK if is_zendesk and place in ("text", "json") else TokenKind.LOGIN


def _cookie_names(around: DoctorContext) -> tuple[str, ...]:
    if around.config is not None:
        return (around.config.cookie_name,)
    return tuple(dict.fromkeys(one.cookie_name for one in around.known if one.is_enabled)) or ("token",)


def _only_enabled(around: DoctorContext) -> IntegrationConfig | None:
    enabled = [one for one in around.known if one.is_enabled]
    return enabled[0] if len(enabled) == 1 else None

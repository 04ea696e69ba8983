"""The token doctor: what was pasted goes in, a verdict for every rule comes out, in the order of checking.

Pure: nothing is stored, logged or sent. The rules on a Login JWT are the very functions that guard the token endpoint
(`jws.read`, `check_signature`, `CLAIM_RULES`, `zendesk_jwt`); what is added here only explains and reads on.
"""

from linking.core.config import IntegrationConfig
from linking.core.diagnosis_login import judge_login
from linking.core.diagnosis_paste import PASSED, find_token
from linking.core.diagnosis_shape import read_shape
from linking.core.diagnosis_verdicts import Diagnosis, Kind, Surroundings, Verdict, bad
from linking.core.diagnosis_zendesk import judge_zendesk, looks_like_zendesk


def diagnose(*, text: str, kind: Kind, around: Surroundings) -> Diagnosis:
    """Return the verdicts on the token in `text`; what cannot be judged is `skipped`, never guessed."""
    found = find_token(text, cookie_names=_cookie_names(around))
    slug = around.config.slug if around.config else ""
    if found.token is None:
        return Diagnosis(kind=kind, found_in=found.place, slug=slug, verdicts=(found.verdict,))
    if not found.token:
        verdict = bad(PASSED, "no_token_found")
        return Diagnosis(kind=kind, found_in=found.place, slug=slug, verdicts=(verdict,))
    shaped = read_shape(found.token, config=around.config)
    judged = _kind(kind, place=found.place, is_zendesk=looks_like_zendesk(shaped.claims))
    verdicts: list[Verdict]
    if judged is Kind.ZENDESK:
        config = around.config or _only_enabled(around)
        verdicts = judge_zendesk(shaped, config=config, around=around)
    else:
        config, verdicts = judge_login(shaped, around=around)
    return Diagnosis(
        kind=judged,
        found_in=found.place,
        slug=config.slug if config else "",
        verdicts=(found.verdict, *shaped.verdicts, *verdicts),
    )


def _kind(asked: Kind, *, place: str, is_zendesk: bool) -> Kind:
    if asked is not Kind.AUTO:
        return asked
    # A cookie or a Bearer header is on its way to the endpoint, which wants Login JWTs whatever they look like.
    return Kind.ZENDESK if is_zendesk and place in ("text", "json") else Kind.LOGIN


def _cookie_names(around: Surroundings) -> tuple[str, ...]:
    if around.config is not None:
        return (around.config.cookie_name,)
    return tuple(dict.fromkeys(one.cookie_name for one in around.known if one.is_enabled)) or ("token",)


def _only_enabled(around: Surroundings) -> IntegrationConfig | None:
    enabled = [one for one in around.known if one.is_enabled]
    return enabled[0] if len(enabled) == 1 else None

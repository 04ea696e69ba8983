"""Tries one secret, entered or stored, with one call at most: the button *Test* beside its box."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from linking import registry
from linking.core.config import IntegrationConfig, LoginAlgorithm, SecretName, ZendeskProduct
from linking.integrations.check_login import check_login_keys
from linking.integrations.check_support import check_client
from linking.integrations.check_zendesk import Check, build_bad, build_good, check_token
from linking.integrations.references import find_reference_flaw
from linking.integrations.secret_lint import lint_secret
from linking.integrations.settings import RULES
from linking.models import Integration
from linking.tokens import jws
from linking.tokens.login_jwt import read_unverified_project_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a test needs besides the settings. `login_jwt` is a player's token, "" for none."""

    login_jwt: str = field(default="", repr=False)
    login_api_url: str
    allow_loopback: bool


def try_secret(name: SecretName, *, values: Mapping[str, object], secrets: Mapping[str, str], trial: Trial) -> Check:
    """Return whether a secret does its work, in one sentence, before anything is stored.

    Args:
        values: settings that were judged good, by key.
        secrets: the secrets as entered, by name; a reference is read now.
    """
    for plain in secrets.values():
        if flaw := find_reference_flaw(plain):
            return build_bad(name, flaw)
    row = Integration(**{key: value for key, value in values.items() if key in RULES})
    try:
        opened = {key: registry.resolve(plain) for key, plain in secrets.items()}
    except (registry.SecretUnavailable, ValueError) as error:
        return build_bad(name, str(error))
    return try_config(name, config=registry.build_config(integration=row, secrets=opened), trial=trial)


def try_config(name: SecretName, *, config: IntegrationConfig, trial: Trial) -> Check:
    """Return whether a secret of `config` does its work, in one sentence."""
    return _TRIALS[name](config, trial)


def is_testable(name: SecretName) -> bool:
    """Return whether there is a test for this secret."""
    return name in _TRIALS


def _try_login_key(config: IntegrationConfig, trial: Trial) -> Check:
    name = SecretName.LOGIN_SECRET_KEY
    if not config.login_project_id:
        return build_bad(name, _("Enter the Login project ID first."))
    is_hs256 = config.login_algorithm is LoginAlgorithm.HS256
    if is_hs256 and not config.login_secrets:
        return build_bad(name, _("Enter the secret key first."))
    if is_hs256 and trial.login_jwt:
        return _try_signature(config, login_jwt=trial.login_jwt)
    project, _at = check_login_keys(config=config, base_url=trial.login_api_url, allow_loopback=trial.allow_loopback)
    if not project.is_ok or not is_hs256:
        return project
    return build_good(
        name, _("Xsolla Login knows this project. To test the key itself, paste a player's token below and test again.")
    )


def _try_signature(config: IntegrationConfig, *, login_jwt: str) -> Check:
    """Check the signature alone: a token that has expired tests a key just as well."""
    name = SecretName.LOGIN_SECRET_KEY
    try:
        token = jws.read(login_jwt)
    except jws.JWSError:
        return build_bad(name, _("This is not a token. Copy the value of the cookie with the Login JWT."))
    if token.header.algorithm != LoginAlgorithm.HS256:
        sentence = _("The token is signed with %(algorithm)s. Choose that algorithm, or paste another token.")
        return build_bad(name, sentence % {"algorithm": token.header.algorithm[:20]})
    try:
        jws.verify_hs256(token, keys=config.login_secrets)
    except jws.JWSError:
        return build_bad(name, _("This key did not sign the token. Copy the secret key of the same Login project."))
    if _read_project(login_jwt) != config.login_project_id:
        return build_bad(name, _("This key signed the token, but the token belongs to another Login project ID."))
    return build_good(name, _("This key signed the token, and the token belongs to this Login project."))


def _read_project(login_jwt: str) -> str:
    try:
        return read_unverified_project_id(login_jwt)
    except jws.JWSError:
        return ""


def _try_shared_secret(config: IntegrationConfig, _trial: Trial) -> Check:
    name = SecretName.ZENDESK_SHARED_SECRET
    if not config.zendesk_shared_secret:
        return build_bad(name, _("Enter the secret first."))
    flaws = lint_secret(config.zendesk_shared_secret.decode(), name=name)
    if flaws:
        return build_bad(name, flaws[0].to_text(_))
    return build_good(
        name, _("Nothing looks wrong. Zendesk has no call to test this secret: the first signed-in player shows it.")
    )


def _try_access_token(config: IntegrationConfig, trial: Trial) -> Check:
    if not config.zendesk_api_url or not config.zendesk_access_token:
        return build_bad(SecretName.ZENDESK_ACCESS_TOKEN, _("Enter the subdomain and the access token first."))
    return check_token(config=config, allow_loopback=trial.allow_loopback)


def _try_client(config: IntegrationConfig, trial: Trial) -> Check:
    if config.zendesk_product is ZendeskProduct.CHAT:
        return build_good(
            SecretName.ZENDESK_CLIENT_SECRET, _("“Connect with Zendesk” on the set-up page tests this secret.")
        )
    if not (config.zendesk_api_url and config.zendesk_client_id and config.zendesk_client_secret):
        sentence = _("Enter the subdomain, the client ID and the client secret first.")
        return build_bad(SecretName.ZENDESK_CLIENT_SECRET, sentence)
    return check_client(config=config, allow_loopback=trial.allow_loopback)


_TRIALS: Mapping[SecretName, Callable[[IntegrationConfig, Trial], Check]] = {
    SecretName.LOGIN_SECRET_KEY: _try_login_key,
    SecretName.ZENDESK_SHARED_SECRET: _try_shared_secret,
    SecretName.ZENDESK_ACCESS_TOKEN: _try_access_token,
    SecretName.ZENDESK_CLIENT_SECRET: _try_client,
}

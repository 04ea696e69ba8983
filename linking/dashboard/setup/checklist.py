"""The checklist of the set-up page: the steps to the first linked visitor, ticked from the tables."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from linking import registry
from linking.dashboard.shell.freshness import explain_block
from linking.integrations import SetupProgress, load_progress
from linking.models import Integration, LoginAlgorithm, Secret, SecretName, StopReason, ZendeskProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistStep:
    """One line: whether it is done, since when (None if unknown), and what to do if it is not."""

    title: str
    is_done: bool
    todo: str
    at: datetime | None = None


def build_checklist(*, integration: Integration) -> tuple[ChecklistStep, ...]:
    """Return the steps, each with its live state, in six queries.

    A secret that this process cannot open, or that Zendesk refuses, is not ticked.
    """
    secrets = {secret.name: secret for secret in integration.secrets.all()}
    progress = load_progress(integration)
    return (
        *_list_secret_steps(integration, secrets=secrets),
        _check_origins(integration, progress=progress),
        *_list_live_steps(progress),
    )


def _list_secret_steps(integration: Integration, *, secrets: dict[str, Secret]) -> tuple[ChecklistStep, ...]:
    login = _check_secret(
        secrets.get(SecretName.LOGIN_SECRET_KEY),
        title=_("Login project's secret key is set"),
        todo=_("In Publisher Account, open Login, Security, and copy the secret key into the integration's settings."),
    )
    if integration.login_algorithm == LoginAlgorithm.RS256:
        login = ChecklistStep(title=_("Login project signs with RS256 and needs no secret key"), is_done=True, todo="")
    shared = _check_secret(
        secrets.get(SecretName.ZENDESK_SHARED_SECRET),
        title=_("Zendesk's shared secret is set"),
        todo=_(
            "In Zendesk Chat, open Settings, Widget, Widget security, Visitor authentication. Generate it and copy it."
        ),
    )
    if not integration.sync_enabled:
        return (
            login,
            shared,
            ChecklistStep(title=_("Sync is off, so no access to Zendesk is needed"), is_done=True, todo=""),
        )
    access = _check_client if integration.zendesk_product == ZendeskProduct.MESSAGING else _check_access_token
    return (login, shared, _check_account(integration), access(integration, secrets=secrets))


def _check_secret(secret: Secret | None, *, title: str, todo: str) -> ChecklistStep:
    if secret is None:
        return ChecklistStep(title=title, is_done=False, todo=todo)
    flaw = registry.find_secret_flaw(secret)
    if flaw:
        todo = _("It is set, but the web process cannot use it. %s") % flaw
    return ChecklistStep(title=title, is_done=not flaw, todo=todo, at=secret.set_at)


def _check_account(integration: Integration) -> ChecklistStep:
    is_refused = integration.blocked_reason == StopReason.HOST
    return ChecklistStep(
        title=_("Zendesk account is set"),
        is_done=bool(integration.zendesk_subdomain or integration.zendesk_api_url) and not is_refused,
        todo=explain_block(StopReason.HOST) if is_refused else _("Enter the subdomain in the integration's settings."),
    )


def _check_access_token(integration: Integration, *, secrets: dict[str, Secret]) -> ChecklistStep:
    step = _check_secret(
        secrets.get(SecretName.ZENDESK_ACCESS_TOKEN),
        title=_("Zendesk's access token is set"),
        todo=_("An administrator can connect with Zendesk on this page, or enter a Chat token with the scope read."),
    )
    if step.is_done and integration.blocked_reason == StopReason.CREDENTIALS:
        return replace(step, is_done=False, todo=explain_block(StopReason.CREDENTIALS))
    return step


def _check_client(integration: Integration, *, secrets: dict[str, Secret]) -> ChecklistStep:
    step = _check_secret(
        secrets.get(SecretName.ZENDESK_CLIENT_SECRET),
        title=_("Zendesk's OAuth client is set"),
        todo=_(
            "In Admin Center, open Apps and integrations, APIs, OAuth clients. An admin creates a confidential client "
            "there. Copy its ID and secret into the integration's settings."
        ),
    )
    if step.is_done and (not integration.zendesk_client_id or integration.blocked_reason == StopReason.CREDENTIALS):
        return replace(step, is_done=False, todo=_("Check the client's ID and secret, and that an admin created it."))
    return step


def _check_origins(integration: Integration, *, progress: SetupProgress) -> ChecklistStep:
    return ChecklistStep(
        title=_("Pages with the chat widget are listed"),
        is_done=bool(integration.allowed_origins),
        todo=_("Add their origins, such as https://shop.example, to the integration's settings."),
        at=progress.origins_set_at if integration.allowed_origins else None,
    )


def _list_live_steps(progress: SetupProgress) -> tuple[ChecklistStep, ...]:
    return (
        ChecklistStep(
            title=_("First token requested"),
            # The counts are deleted after a while, but every issued token was requested.
            is_done=progress.token_asked_at is not None or progress.token_issued_at is not None,
            todo=_("Add a snippet to the page and open the chat. A refused request counts too."),
            at=progress.token_asked_at,
        ),
        ChecklistStep(
            title=_("First token issued"),
            is_done=progress.token_issued_at is not None,
            todo=_("Add a snippet to the page, sign in as a player and open the chat."),
            at=progress.token_issued_at,
        ),
        ChecklistStep(
            title=_("First visitor read from Zendesk"),
            is_done=progress.has_visitor,
            todo=_("Write a message in the chat and end it. The sync page shows when zdbridge last asked Zendesk."),
        ),
        ChecklistStep(
            title=_("First visitor linked to a player"),
            is_done=progress.linked_at is not None,
            todo=_(
                "If visitors stay anonymous, the chat widget gets no token. Look at the browser console of the page."
            ),
            at=progress.linked_at,
        ),
    )

"""From nothing to a linked visitor: the steps of the set-up page, ticked by what the tables hold."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from linking import registry
from linking.dashboard.shell.freshness import explain_block
from linking.integrations import Progress, load_progress
from linking.models import Integration, LoginAlgorithm, Secret, SecretName, StopReason, ZendeskProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistStep:
    """One line: whether it is done and since when (None where nobody noted it), and what to do while it is not."""

    title: str
    is_done: bool
    todo: str
    at: datetime | None = None


def build_checklist(*, integration: Integration) -> tuple[ChecklistStep, ...]:
    """Return the steps, each with its live state, in six queries.

    Ticked is what works: a secret that is set and cannot be had in this process, or that Zendesk refuses, is not.
    """
    secrets = {secret.name: secret for secret in integration.secrets.all()}
    progress = load_progress(integration)
    return (
        *_secret_steps(integration, secrets=secrets),
        _origin_step(integration, progress=progress),
        *_live_steps(progress),
    )


def _secret_steps(integration: Integration, *, secrets: dict[str, Secret]) -> tuple[ChecklistStep, ...]:
    login = _secret_step(
        secrets.get(SecretName.LOGIN_SECRET_KEY),
        title=_("Login project's secret key is set"),
        todo=_("Publisher Account, Login, Security: copy the secret key into the integration's settings."),
    )
    if integration.login_algorithm == LoginAlgorithm.RS256:
        login = ChecklistStep(title=_("Login project signs with RS256, no secret key is needed"), is_done=True, todo="")
    shared = _secret_step(
        secrets.get(SecretName.ZENDESK_SHARED_SECRET),
        title=_("Zendesk's shared secret is set"),
        todo=_("Zendesk Chat, Settings, Widget, Widget security, Visitor authentication: generate and copy it."),
    )
    if not integration.sync_enabled:
        return (
            login,
            shared,
            ChecklistStep(title=_("Nothing is read from Zendesk, so no access is needed"), is_done=True, todo=""),
        )
    access = _client_step if integration.zendesk_product == ZendeskProduct.MESSAGING else _access_step
    return (login, shared, _account_step(integration), access(integration, secrets=secrets))


def _secret_step(secret: Secret | None, *, title: str, todo: str) -> ChecklistStep:
    if secret is None:
        return ChecklistStep(title=title, is_done=False, todo=todo)
    flaw = registry.find_secret_flaw(secret)
    if flaw:
        todo = _("It is set, but the web process cannot use it. %s") % flaw
    return ChecklistStep(title=title, is_done=not flaw, todo=todo, at=secret.set_at)


def _account_step(integration: Integration) -> ChecklistStep:
    is_refused = integration.blocked_reason == StopReason.HOST
    return ChecklistStep(
        title=_("Zendesk's account is named"),
        is_done=bool(integration.zendesk_subdomain or integration.zendesk_api_url) and not is_refused,
        todo=explain_block(StopReason.HOST) if is_refused else _("Put the subdomain into the integration's settings."),
    )


def _access_step(integration: Integration, *, secrets: dict[str, Secret]) -> ChecklistStep:
    step = _secret_step(
        secrets.get(SecretName.ZENDESK_ACCESS_TOKEN),
        title=_("Zendesk's access token is set"),
        todo=_("An administrator connects with Zendesk on this page, or puts in a Chat token with the scope read."),
    )
    if step.is_done and integration.blocked_reason == StopReason.CREDENTIALS:
        return replace(step, is_done=False, todo=explain_block(StopReason.CREDENTIALS))
    return step


def _client_step(integration: Integration, *, secrets: dict[str, Secret]) -> ChecklistStep:
    step = _secret_step(
        secrets.get(SecretName.ZENDESK_CLIENT_SECRET),
        title=_("Zendesk's OAuth client is set"),
        todo=_(
            "Admin Center, Apps and integrations, APIs, OAuth clients: an admin makes a confidential client. Copy its "
            "ID and secret into the integration's settings."
        ),
    )
    if step.is_done and (not integration.zendesk_client_id or integration.blocked_reason == StopReason.CREDENTIALS):
        return replace(step, is_done=False, todo=_("Check the client's ID and secret, and that an admin made it."))
    return step


def _origin_step(integration: Integration, *, progress: Progress) -> ChecklistStep:
    return ChecklistStep(
        title=_("The pages that show the widget are listed"),
        is_done=bool(integration.allowed_origins),
        todo=_("Add their origins, such as https://shop.example, to the integration's settings."),
        at=progress.origins_set_at if integration.allowed_origins else None,
    )


def _live_steps(progress: Progress) -> tuple[ChecklistStep, ...]:
    return (
        ChecklistStep(
            title=_("A page asked for a first token"),
            # The counts are kept for a while only; a token that was given was asked for.
            is_done=progress.token_asked_at is not None or progress.token_issued_at is not None,
            todo=_("Put a snippet into the page and open the chat: even a refused request counts here."),
            at=progress.token_asked_at,
        ),
        ChecklistStep(
            title=_("A first token was issued"),
            is_done=progress.token_issued_at is not None,
            todo=_("Put a snippet into the page, sign a player in and open the chat."),
            at=progress.token_issued_at,
        ),
        ChecklistStep(
            title=_("A first visitor was read from Zendesk"),
            is_done=progress.has_visitor,
            todo=_("Write a line in the chat. The sync page shows when Zendesk was asked last."),
        ),
        ChecklistStep(
            title=_("A first visitor is linked to a Login user"),
            is_done=progress.linked_at is not None,
            todo=_("If visitors stay anonymous, the widget gets no token: look at the page's console."),
            at=progress.linked_at,
        ),
    )

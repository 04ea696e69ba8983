"""The checklist of the set-up page: the steps to the first linked visitor, ticked from the tables."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from linking import registry
from linking.dashboard.setup.products import SetupWords, find_setup_words
from linking.dashboard.shell.freshness import explain_block
from linking.dashboard.shell.parts import Text
from linking.integrations import SetupProgress, load_progress
from linking.models import Integration, LoginAlgorithm, Secret, SecretName, StopReason


class StepKind(StrEnum):
    """What a step is about."""

    LOGIN_KEY = "login_key"
    ZENDESK_KEY = "zendesk_key"
    ZENDESK_ACCOUNT = "zendesk_account"
    ZENDESK_ACCESS = "zendesk_access"
    ORIGINS = "origins"
    TOKEN = "token"  # noqa: S105 - a name
    SYNC = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistStep:
    """One line: whether it is done, since when (None if unknown), and what to do if it is not."""

    kind: StepKind
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
        *_list_live_steps(progress, words=find_setup_words(integration.zendesk_product)),
    )


def _list_secret_steps(integration: Integration, *, secrets: dict[str, Secret]) -> tuple[ChecklistStep, ...]:
    login = _check_secret(
        secrets.get(SecretName.LOGIN_SECRET_KEY),
        kind=StepKind.LOGIN_KEY,
        title=_("Login project's secret key"),
        todo=_("In Publisher Account, open Login, Security, and copy the secret key into the integration's settings."),
    )
    if integration.login_algorithm == LoginAlgorithm.RS256:
        title = _("Login project signs with RS256 and needs no secret key")
        login = ChecklistStep(kind=StepKind.LOGIN_KEY, title=title, is_done=True, todo="")
    words = find_setup_words(integration.zendesk_product)
    key = _check_zendesk_secret(
        integration, secret=secrets.get(SecretName.ZENDESK_SHARED_SECRET), kind=StepKind.ZENDESK_KEY, title=words.key,
        todo=words.key_todo, needs=words.key_needs,
    )  # fmt: skip
    if not integration.sync_enabled:
        title = _("Sync is off, so no access to Zendesk is needed")
        return (login, key, ChecklistStep(kind=StepKind.ZENDESK_ACCESS, title=title, is_done=True, todo=""))
    access = _check_zendesk_secret(
        integration, secret=secrets.get(words.access_secret), kind=StepKind.ZENDESK_ACCESS, title=words.access,
        todo=words.access_todo, needs=words.access_needs,
    )  # fmt: skip
    if access.is_done and integration.blocked_reason == StopReason.CREDENTIALS:
        todo = str(words.access_refused) or explain_block(StopReason.CREDENTIALS)
        access = replace(access, is_done=False, todo=todo)
    return (login, key, _check_account(integration), access)


def _check_zendesk_secret(
    integration: Integration, *, secret: Secret | None, kind: StepKind, title: Text, todo: Text, needs: str
) -> ChecklistStep:
    """Return the step of a secret that needs a setting beside it; `needs` is its name, "" for none."""
    step = _check_secret(secret, kind=kind, title=str(title), todo=str(todo))
    is_whole = not needs or bool(getattr(integration, needs))
    return step if is_whole else replace(step, is_done=False, todo=step.todo or str(todo))


def _check_secret(secret: Secret | None, *, kind: StepKind, title: str, todo: str) -> ChecklistStep:
    if secret is None:
        return ChecklistStep(kind=kind, title=title, is_done=False, todo=todo)
    flaw = registry.find_secret_flaw(secret)
    if flaw:
        todo = _("It is set, but the web process cannot use it. %s") % flaw
    return ChecklistStep(kind=kind, title=title, is_done=not flaw, todo=todo, at=secret.set_at)


def _check_account(integration: Integration) -> ChecklistStep:
    is_refused = integration.blocked_reason == StopReason.HOST
    return ChecklistStep(
        kind=StepKind.ZENDESK_ACCOUNT,
        title=_("Zendesk account"),
        is_done=bool(integration.zendesk_subdomain or integration.zendesk_api_url) and not is_refused,
        todo=explain_block(StopReason.HOST) if is_refused else _("Enter the subdomain in the integration's settings."),
    )


def _check_origins(integration: Integration, *, progress: SetupProgress) -> ChecklistStep:
    return ChecklistStep(
        kind=StepKind.ORIGINS,
        title=_("Pages with the widget"),
        is_done=bool(integration.allowed_origins),
        todo=_("Add their origins, such as https://shop.example, to the integration's settings."),
        at=progress.origins_set_at if integration.allowed_origins else None,
    )


def _list_live_steps(progress: SetupProgress, *, words: SetupWords) -> tuple[ChecklistStep, ...]:
    return (
        ChecklistStep(
            kind=StepKind.TOKEN,
            title=_("First token requested"),
            # The counts are deleted after a while, but every issued token was requested.
            is_done=progress.token_asked_at is not None or progress.token_issued_at is not None,
            todo=_("Add a snippet to the page and open the widget. A refused request counts too."),
            at=progress.token_asked_at,
        ),
        ChecklistStep(
            kind=StepKind.TOKEN,
            title=_("First token issued"),
            is_done=progress.token_issued_at is not None,
            todo=_("Add a snippet to the page, sign in as a player and open the widget."),
            at=progress.token_issued_at,
        ),
        ChecklistStep(
            kind=StepKind.SYNC,
            title=str(words.visitor),
            is_done=progress.has_visitor,
            todo=str(words.visitor_todo),
        ),
        ChecklistStep(
            kind=StepKind.SYNC,
            title=_("First visitor linked to a player"),
            is_done=progress.linked_at is not None,
            todo=str(words.linked_todo),
            at=progress.linked_at,
        ),
    )

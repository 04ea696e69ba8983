"""From nothing to a linked visitor: the steps of the set-up page, ticked by what the tables hold."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min
from django.utils.translation import gettext as _

from linking import answer_log
from linking.core.config import LoginAlgorithm, SecretName
from linking.models import AuditEvent, Integration, LoginUser, Visitor, VisitorLink
from linking.models.standing import missing_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line: whether it is done and since when (None where nobody noted it), and what to do while it is not."""

    title: str
    is_done: bool
    todo: str
    at: datetime | None = None


def checklist(*, integration: Integration) -> tuple[Step, ...]:
    """Return the steps, each with its live state, in six queries."""
    set_at = dict(integration.secrets.values_list("name", "set_at"))
    return (*_secret_steps(integration, set_at=set_at), _origin_step(integration), *_live_steps(integration))


def _secret_steps(integration: Integration, *, set_at: dict[str, datetime]) -> tuple[Step, ...]:
    missing = missing_secrets(integration, names=set(set_at))
    login = Step(
        title=_("Login project's secret key is set"),
        is_done=SecretName.LOGIN_SECRET_KEY not in missing,
        todo=_("Publisher Account, Login, Security: copy the secret key into the integration's settings."),
        at=set_at.get(SecretName.LOGIN_SECRET_KEY),
    )
    if integration.login_algorithm == LoginAlgorithm.RS256:
        login = Step(title=_("Login project signs with RS256, no secret key is needed"), is_done=True, todo="")
    shared = Step(
        title=_("Zendesk's shared secret is set"),
        is_done=SecretName.ZENDESK_SHARED_SECRET not in missing,
        todo=_("Zendesk Chat, Settings, Widget, Widget security, Visitor authentication: generate and copy it."),
        at=set_at.get(SecretName.ZENDESK_SHARED_SECRET),
    )
    access = Step(
        title=_("Zendesk's access token is set"),
        is_done=SecretName.ZENDESK_ACCESS_TOKEN not in missing,
        todo=_("An administrator connects with Zendesk on this page, or puts in a Chat token with the scope read."),
        at=set_at.get(SecretName.ZENDESK_ACCESS_TOKEN),
    )
    return (login, shared, access)


def _origin_step(integration: Integration) -> Step:
    # The record of changes names the keys that each deed touched.
    named = AuditEvent.objects.filter(target=integration.slug, fields__icontains='"allowed_origins"').order_by()
    return Step(
        title=_("The pages that show the widget are listed"),
        is_done=bool(integration.allowed_origins),
        todo=_("Add their origins, such as https://shop.example, to the integration's settings."),
        at=named.aggregate(at=Max("at"))["at"] if integration.allowed_origins else None,
    )


def _live_steps(integration: Integration) -> tuple[Step, ...]:
    issued_at = LoginUser.objects.filter(integration=integration).aggregate(at=Min("first_authenticated_at"))["at"]
    has_visitor = Visitor.objects.filter(integration=integration).exists()
    links = VisitorLink.objects.filter(visitor__integration=integration)
    linked_at = links.order_by().aggregate(at=Min("first_seen_at"))["at"]
    asked_at = answer_log.first_asked_at(integration_id=integration.pk)
    return (
        Step(
            title=_("A page asked for a first token"),
            # The counts are kept for a while only; a token that was given was asked for.
            is_done=asked_at is not None or issued_at is not None,
            todo=_("Put a snippet into the page and open the chat: even a refused request counts here."),
            at=asked_at,
        ),
        Step(
            title=_("A first token was issued"),
            is_done=issued_at is not None,
            todo=_("Put a snippet into the page, sign a player in and open the chat."),
            at=issued_at,
        ),
        Step(
            title=_("A first visitor was read from Zendesk"),
            is_done=has_visitor,
            todo=_("Write a line in the chat. The sync page shows when Zendesk was asked last."),
        ),
        Step(
            title=_("A first visitor is linked to a Login user"),
            is_done=linked_at is not None,
            todo=_("If visitors stay anonymous, the widget gets no token: look at the page's console."),
            at=linked_at,
        ),
    )

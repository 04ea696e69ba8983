"""The next step of the checklist: what to do, where it is found at the vendor, and the buttons that lead there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext as _

from linking.dashboard.setup.checklist import ChecklistStep, StepKind
from linking.dashboard.setup.products import find_setup_words
from linking.models import Integration

# Source: reference of Xsolla's documentation, links to Publisher Account, read 2026-11: `0` stands for one's own IDs.
_PUBLISHER_ACCOUNT = "https://publisher.xsolla.com/{merchant}/projects/{project}/"
_FOR_ADMINS = frozenset(
    {
        StepKind.LOGIN_KEY,
        StepKind.ZENDESK_KEY,
        StepKind.ZENDESK_ACCOUNT,
        StepKind.ZENDESK_ACCESS,
        StepKind.ORIGINS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A link that helps with a step; `is_outside` where it leads to a vendor."""

    label: str
    url: str
    icon: str
    is_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The first step that is not done, and those after it.

    `is_for_admins` where this person cannot do it, because only administrators change settings.
    """

    step: ChecklistStep
    ways: tuple[Way, ...]
    is_for_admins: bool
    later: tuple[ChecklistStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesOfPerson:
    """Addresses that this person may open, each "" where not."""

    settings: str = ""
    connect: str = ""
    sync: str = ""


def find_next_step(
    steps: Sequence[ChecklistStep], *, integration: Integration, places: PlacesOfPerson
) -> NextStep | None:
    """Return the next step with its ways, None when all are done."""
    todo = [step for step in steps if not step.is_done]
    if not todo:
        return None
    return NextStep(
        step=todo[0],
        ways=_WAYS[todo[0].kind](integration, places),
        is_for_admins=todo[0].kind in _FOR_ADMINS and not places.settings,
        later=tuple(todo[1:]),
    )


def _list_login_ways(integration: Integration, places: PlacesOfPerson) -> tuple[Way, ...]:
    merchant, project = integration.merchant_id or "0", integration.publisher_project_id or "0"
    url = _PUBLISHER_ACCOUNT.format(merchant=quote(merchant, safe=""), project=quote(project, safe=""))
    return (*_lead_to_settings(integration, places), _lead_outside(_("Open Publisher Account"), url))


def _list_key_ways(integration: Integration, places: PlacesOfPerson) -> tuple[Way, ...]:
    place = find_setup_words(integration.zendesk_product).key_place
    is_known = place and integration.zendesk_subdomain
    url = f"https://{integration.zendesk_subdomain}.zendesk.com{place}"
    outside = (_lead_outside(_("Open Zendesk"), url),) if is_known else ()
    return (*_lead_to_settings(integration, places), *outside)


def _list_access_ways(integration: Integration, places: PlacesOfPerson) -> tuple[Way, ...]:
    label = _("Connect with Zendesk")
    connect = (Way(label=label, url=places.connect, icon="plug-connected"),) if places.connect else ()
    return (*connect, *_lead_to_settings(integration, places))


def _lead_to_settings(_integration: Integration, places: PlacesOfPerson) -> tuple[Way, ...]:
    label = _("Enter it in the settings")
    return (Way(label=label, url=places.settings, icon="settings"),) if places.settings else ()


def _lead_to_snippets(_integration: Integration, _places: PlacesOfPerson) -> tuple[Way, ...]:
    return (
        Way(label=_("Copy a snippet"), url="#snippets", icon="code"),
        Way(label=_("Check a token"), url="#doctor", icon="shield-check"),
    )


def _lead_to_sync(_integration: Integration, places: PlacesOfPerson) -> tuple[Way, ...]:
    return (Way(label=_("Open sync"), url=places.sync, icon="refresh"),) if places.sync else ()


def _lead_outside(label: str, url: str) -> Way:
    return Way(label=label, url=url, icon="external-link", is_outside=True)


_WAYS: dict[StepKind, Callable[[Integration, PlacesOfPerson], tuple[Way, ...]]] = {
    StepKind.LOGIN_KEY: _list_login_ways,
    StepKind.ZENDESK_KEY: _list_key_ways,
    StepKind.ZENDESK_ACCOUNT: _lead_to_settings,
    StepKind.ZENDESK_ACCESS: _list_access_ways,
    StepKind.ORIGINS: _lead_to_settings,
    StepKind.TOKEN: _lead_to_snippets,
    StepKind.SYNC: _lead_to_sync,
}

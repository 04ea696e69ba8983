"""The frame of every page: colours, navigation with counts, freshness, the person's role."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from linking import conflicts
from linking.accounts import roles
from linking.accounts.single_sign_on import issuer
from linking.dashboard.accounts.theme import find_theme
from linking.dashboard.shell.demo import find_shop_url
from linking.dashboard.shell.health_strip import Health, build_health
from linking.dashboard.shell.sources import describe_waiting_list
from linking.dashboard.visitors.filters import SIGNED_IN
from linking.monitoring import status
from linking.search import Count, find

QUERY_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One entry of the navigation; `count` is text, "" for none."""

    url: str
    label: str
    icon: str
    is_current: bool
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The frame of a page; it has no sections for a person in no group.

    `has_search` is false for a person who may see no record, so there is nothing to search. `demo_shop_url` is the
    address of the demo's shop, "" where there is no demo, or for a person who has hidden the banner. `issuer_host` is
    where people can sign in besides here, "" without such a place.
    """

    theme: str
    has_mail: bool
    issuer_host: str
    has_passwords_for_all: bool
    role: str = ""
    has_search: bool = False
    query: str = ""
    sections: tuple[Section, ...] = ()
    health: Health = field(default_factory=Health)
    demo_shop_url: str = ""
    version: str = field(default_factory=lambda: str(settings.LINKING["VERSION"]))
    is_ids_only: bool = field(default_factory=lambda: bool(settings.LINKING["IDS_ONLY"]))


def add_frame(request: HttpRequest) -> dict[str, Any]:
    """Return the template context with the frame, which is built when a template uses it."""
    return {"frame": SimpleLazyObject(lambda: make_frame(request))}


def make_frame(request: HttpRequest) -> Frame:
    """Return the frame for the person who makes this request; at most five queries."""
    user, found = getattr(request, "user", None), issuer.find_issuer()
    plain = Frame(
        theme=find_theme(request),
        has_mail=bool(settings.LINKING["HAS_MAIL"]),
        issuer_host=found.host if found else "",
        has_passwords_for_all=not (found and found.emergency_accounts),
    )
    if user is None or not roles.can_use_setup(user):
        return plain
    if not roles.can_see_pages(user):
        return replace(
            plain,
            role=_("Developer"),
            demo_shop_url=find_shop_url(request),
            sections=tuple(_list_setup_sections(request.path)),
        )
    now = timezone.now()
    return replace(
        plain,
        role=_name_role(user),
        has_search=True,
        demo_shop_url=find_shop_url(request),
        query=_find_query(request),
        sections=tuple(_list_sections(request)),
        health=build_health(status.list_progress(now=now), now=now),
    )


def _find_query(request: HttpRequest) -> str:
    """Return what stands in the search box: other pages have a `q` of their own, which searches for no visitor."""
    is_search = request.path == reverse("visitors")
    return request.GET.get("q", "")[:QUERY_SHOWN_CHARACTERS] if is_search else ""


def format_count(count: Count) -> str:
    """Return a count with its thousands marked, and a plus when there are more."""
    return f"{intcomma(count.number)}+" if count.is_capped else str(intcomma(count.number))


def _list_sections(request: HttpRequest) -> list[Section]:
    home, path = reverse("visitors"), request.path
    is_waiting = path == home and request.GET.get("state") == SIGNED_IN
    waiting = find.count_up_to_cap(find.list_waiting_users(sees_contact=False))
    sections = [
        Section(
            url=home, label=_("Visitors"), icon="users",
            is_current=(path == home and not is_waiting) or path.startswith(("/visitors/", "/users/")),
            count=format_count(find.count_up_to_cap(find.list_visitors(sees_contact=False))),
        ),
        Section(
            url=f"{home}?state={SIGNED_IN}", label=str(describe_waiting_list()[0]), icon="login-2",
            is_current=is_waiting, count=format_count(waiting),
        ),
    ]  # fmt: skip
    sections.append(_build_conflicts_section(path))
    sections += [_build_section(path, "sync", _("Sync"), "refresh"), *_list_setup_sections(path)]
    if roles.is_admin(request.user):
        sections.append(_build_section(path, "people", _("People"), "user-plus"))
        sections.append(_build_section(path, "audit", _("Audit"), "list-check"))
        sections.append(_build_section(path, "privacy", _("Personal data"), "shield-check"))
        sections.append(_build_section(path, "admin:index", _("Admin"), "settings"))
    return sections


def _list_setup_sections(path: str) -> list[Section]:
    return [
        _build_section(path, "setup", _("Set-up"), "plug-connected"),
        _build_section(path, "api-docs", _("API"), "api"),
    ]


def _build_conflicts_section(path: str) -> Section:
    count = find.count_up_to_cap(conflicts.find.list_open())
    url = reverse("conflicts")
    return Section(
        url=url, label=_("Conflicts"), icon="git-merge", is_current=path.startswith(url),
        count=format_count(count),
    )  # fmt: skip


def _build_section(path: str, name: str, label: str, icon: str) -> Section:
    url = reverse(name)
    return Section(url=url, label=label, icon=icon, is_current=path.startswith(url))


def _name_role(user: roles.User) -> str:
    names = {
        roles.Role.AGENT: _("Agent and developer") if roles.is_developer(user) else _("Agent"),
        roles.Role.LEAD: _("Lead"),
        roles.Role.ADMIN: _("Administrator"),
    }
    return names[roles.find_role(user)]

"""Whom a request is about: everything by which one person is kept, found by a user ID, a visitor ID or an address."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from linking.clients.zendesk_records import dot_form
from linking.core.config import ZendeskProduct
from linking.core.text import email_key
from linking.keeping import Kind, Trace
from linking.models import Conflict, Integration, LoginUser, Visitor, VisitorAlias, VisitorLink
from linking.search import find, parse_query

# More visitors than anybody has under one address.
BY_EMAIL_MOST = 10_000


class BadSubject(Exception):
    """The request does not say clearly who is meant; the sentence says what to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a request names: exactly one of the three, and "" or the slug of an integration of the Login project."""

    user_id: str = ""
    visitor_id: str = ""
    email: str = ""
    integration: str = ""

    @property
    def value(self) -> str:
        """What was given."""
        return self.user_id or self.visitor_id or self.email

    @property
    def kind(self) -> Kind:
        """What kind of ID it is."""
        if self.user_id:
            return Kind.USER
        return Kind.VISITOR if self.visitor_id else Kind.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time in which somebody used a device that is another player's by now; `until` is None where it is not over."""

    visitor_key: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person as kept here.

    `visitor_keys` are visitors of this person alone. `shared_keys` are visitors that are somebody else's now and were
    this person's in `periods`, or that a conflict names beside this person. `projects` are the Login projects in which
    nothing may be kept afterwards.
    """

    name: Name
    projects: frozenset[str]
    integrations: tuple[Integration, ...]
    user_keys: tuple[int, ...]
    user_ids: frozenset[tuple[int, str]]
    visitor_keys: tuple[int, ...]
    visitor_ids: frozenset[tuple[int, str]]
    shared_keys: tuple[int, ...]
    periods: tuple[Period, ...]
    emails: frozenset[str]

    @property
    def is_known(self) -> bool:
        """Whether anything is kept under this name, as far as players and visitors go."""
        return bool(self.user_keys or self.visitor_keys)

    @property
    def traces(self) -> set[Trace]:
        """Everything by which the person would be recognized again; the integrations count by their project."""
        traces = {Trace(key, Kind.USER, user_id) for key, user_id in self.user_ids}
        traces |= {Trace(key, Kind.VISITOR, visitor_id) for key, visitor_id in self.visitor_ids}
        return traces | {Trace(row.pk, Kind.EMAIL, email) for row in self.integrations for email in self.emails}

    @property
    def words(self) -> frozenset[str]:
        """The IDs and addresses as texts."""
        texts = {user_id for _key, user_id in self.user_ids} | {one for _key, one in self.visitor_ids}
        return frozenset(texts | self.emails)


def find_subject(name: Name) -> Subject:
    """Return the person that `name` means, also where nothing is kept of them.

    Raises: BadSubject.
    """
    if sum(map(bool, (name.user_id, name.visitor_id, name.email))) != 1:
        raise BadSubject(_("Give one of: user ID, visitor ID, e-mail address."))
    rows = _list_integrations(name)
    keys = [row.pk for row in rows]
    users, loose = _find_first(name, keys=keys)
    projects = _choose_projects(name, rows=rows, keys={user.integration_id for user in users} | {
        visitor.integration_id for visitor in loose
    })  # fmt: skip
    scope = [row for row in rows if row.login_project_id.lower() in projects]
    return _build(name, projects=projects, scope=scope, users=users, loose=loose)


def _list_integrations(name: Name) -> list[Integration]:
    rows = list(Integration.objects.order_by("pk"))
    if not name.integration:
        return rows
    chosen = next((row for row in rows if row.slug == name.integration), None)
    if chosen is None:
        raise BadSubject(_("There is no integration %(slug)s.") % {"slug": name.integration})
    return [row for row in rows if row.login_project_id.lower() == chosen.login_project_id.lower()]


def _find_first(name: Name, *, keys: Collection[int]) -> tuple[list[LoginUser], list[Visitor]]:
    """Return the players that are meant, and visitors that are meant without belonging to a player."""
    if name.user_id:
        return _find_users(name.user_id, keys=keys), []
    if name.email:
        return _find_by_email(name.email, keys=keys)
    visitors = _find_visitors(name.visitor_id, keys=keys)
    users = LoginUser.objects.filter(links__in=VisitorLink.objects.open().filter(visitor__in=visitors)).distinct()
    return _with_namesakes(list(users)), visitors


def _find_users(user_id: str, *, keys: Collection[int]) -> list[LoginUser]:
    mine = LoginUser.objects.filter(integration_id__in=keys)
    exact = list(mine.filter(user_id=user_id))
    case_blind = mine.filter(integration__zendesk_product=ZendeskProduct.MESSAGING).in_any_case(user_ids=[user_id])
    return list({user.pk: user for user in (*exact, *case_blind)}.values())


def _with_namesakes(users: Iterable[LoginUser]) -> list[LoginUser]:
    """Return the same players in every integration of their projects."""
    found = {same.pk: same for user in users for same in find.list_namesakes(user)}
    return list(found.values())


def _find_visitors(visitor_id: str, *, keys: Collection[int]) -> list[Visitor]:
    dotted = dot_form(visitor_id)
    mine = Visitor.objects.filter(integration_id__in=keys)
    direct = list(mine.filter(visitor_id__in={dotted, visitor_id}))
    aliases = VisitorAlias.objects.filter(integration_id__in=keys, alias_id__in={dotted, visitor_id})
    return direct or list(mine.filter(pk__in=aliases.values("visitor")))


def _find_by_email(email: str, *, keys: Collection[int]) -> tuple[list[LoginUser], list[Visitor]]:
    wanted = email_key(email)
    carrying = LoginUser.objects.filter(integration_id__in=keys).carrying(words=[email])
    users = [user for user in carrying if wanted in {email_key(user.email), email_key(user.name)}]
    found = find.list_visitors(sees_contact=True, query=parse_query(email)).filter(integration_id__in=keys)
    rows = found.prefetch_related(None)[:BY_EMAIL_MOST]
    visitors = [row for row in rows if wanted in {email_key(row.email), email_key(row.name)}]
    return _with_namesakes(users), visitors


def _choose_projects(name: Name, *, rows: Collection[Integration], keys: Collection[int]) -> frozenset[str]:
    """Return the Login projects meant: those where the person is known, else all."""
    projects = {row.login_project_id.lower() for row in rows if row.pk in keys}
    if len(projects) > 1 and not name.email:
        slugs = ", ".join(sorted(row.slug for row in rows if row.pk in keys))
        sentence = _("Several Login projects know this ID (%(slugs)s). Name the integration that you mean.")
        raise BadSubject(sentence % {"slugs": slugs})
    return frozenset(projects or {row.login_project_id.lower() for row in rows})


def _build(
    name: Name, *, projects: frozenset[str], scope: list[Integration], users: list[LoginUser], loose: list[Visitor]
) -> Subject:
    user_keys = {user.pk for user in users}
    own, shared, periods = _sort_visitors(user_keys=user_keys, loose={row.pk for row in loose})
    visitors = list(Visitor.objects.filter(pk__any_of=sorted(own)).order_by("pk"))
    visitor_ids = {(row.integration_id, row.visitor_id) for row in visitors}
    aliases = VisitorAlias.objects.filter(visitor__pk__any_of=sorted(own))
    visitor_ids |= set(aliases.values_list("integration_id", "alias_id"))
    user_ids = {(user.integration_id, user.user_id) for user in users}
    if name.user_id:
        user_ids |= {(row.pk, name.user_id) for row in scope}
    if name.visitor_id:
        visitor_ids |= {(row.pk, dot_form(name.visitor_id)) for row in scope}
    return Subject(
        name=name,
        projects=projects,
        integrations=tuple(scope),
        user_keys=tuple(sorted(user_keys)),
        user_ids=frozenset(user_ids),
        visitor_keys=tuple(sorted(own)),
        visitor_ids=frozenset(visitor_ids),
        shared_keys=tuple(sorted(shared)),
        periods=tuple(periods),
        emails=_collect_emails(name, users=users, visitors=visitors, scope=scope),
    )


def _sort_visitors(*, user_keys: set[int], loose: set[int]) -> tuple[set[int], set[int], list[Period]]:
    """Return the visitors that are the person's alone, those that are another's by now, and when these were not."""
    linked = VisitorLink.objects.filter(login_user__pk__any_of=sorted(user_keys))
    touched = loose | set(linked.values_list("visitor_id", flat=True))
    for side in ("login_user", "other_user"):
        named = Conflict.objects.filter(**{f"{side}__pk__any_of": sorted(user_keys)})
        touched |= set(named.values_list("visitor_id", flat=True))
    last: dict[int, VisitorLink] = {}
    periods = []
    # The one in force comes last.
    order = (F("ended_at").asc(nulls_last=True), "first_seen_at", "pk")
    for link in VisitorLink.objects.filter(visitor__pk__any_of=sorted(touched)).order_by(*order):
        last[link.visitor_id] = link
        if link.login_user_id in user_keys:
            periods.append(Period(visitor_key=link.visitor_id, since=link.first_seen_at, until=link.ended_at))
    own = {key for key in touched if _is_own(last.get(key), user_keys=user_keys, is_named=key in loose)}
    shared = touched - own
    return own, shared, [period for period in periods if period.visitor_key in shared]


def _is_own(last: VisitorLink | None, *, user_keys: set[int], is_named: bool) -> bool:
    if last is not None and last.login_user_id in user_keys:
        return True
    return is_named and (last is None or last.ended_at is not None)


def _collect_emails(
    name: Name, *, users: Iterable[LoginUser], visitors: Iterable[Visitor], scope: Collection[Integration]
) -> frozenset[str]:
    """Return the person's addresses, without those that another player uses too."""
    rows: list[Any] = [*users, *visitors]
    emails = {email_key(row.email) for row in rows}
    # Where the token had an address, it is the name too.
    emails |= {email_key(row.name) for row in rows if "@" in row.name}
    emails -= {""}
    mine = {user.pk for user in users}
    others = LoginUser.objects.filter(integration_id__in=[row.pk for row in scope]).carrying(words=emails)
    taken = {email_key(user.email) for user in others if user.pk not in mine} if emails else set()
    given = {email_key(name.email)} if name.email else set()
    return frozenset((emails - taken) | given)

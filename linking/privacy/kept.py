"""What is kept of a person, table by table: the one list by which a person is exported and erased.

Every table of the product and of its libraries is in `TABLES` or in `HOLD_NOBODY`. A test compares both with the
models, so that no table can be added without saying what of a person is in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import unquote_plus

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from linking.models import (
    AuditEvent,
    AwaitedUser,
    BlockedUser,
    ChangedUser,
    Conflict,
    ConflictDecision,
    ConflictFlag,
    LoginUser,
    PlayerLabel,
    PlayerNote,
    Quarantined,
    RefusedToken,
    SavedView,
    TokenDay,
    Visitor,
    VisitorAlias,
    VisitorChat,
    VisitorLink,
    VisitorQuestion,
    VisitorRefresh,
    VisitorWords,
    WaitingWords,
)
from linking.privacy.subject import Subject

Find = Callable[[Subject], QuerySet[Any]]
TARGET_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that holds people. `find` returns a person's rows in it.

    `is_blanked`: the rows are somebody else's as well and stay; what they say of the person is taken out by `erase`.
    `is_derived`: the database writes and deletes them together with the rows that they are made from.
    """

    model: type[Model]
    find: Find
    is_blanked: bool = False
    is_derived: bool = False

    @property
    def label(self) -> str:
        """The name by which exports and receipts call the table."""
        return self.model._meta.label_lower  # noqa: SLF001  Django documents it

    @property
    def words(self) -> Any:
        """What the rows are called on pages."""
        return self.model._meta.verbose_name_plural  # noqa: SLF001  Django documents it


def _of_visitors(model: type[Model]) -> Find:
    return lambda subject: model._default_manager.filter(visitor__pk__any_of=subject.visitor_keys)  # noqa: SLF001


def _of_users(model: type[Model]) -> Find:
    return lambda subject: model._default_manager.filter(login_user__pk__any_of=subject.user_keys)  # noqa: SLF001


def _of_user_ids(model: type[Model]) -> Find:
    return lambda subject: model._default_manager.filter(_any_pair("user_id", subject.user_ids))  # noqa: SLF001


def _of_visitor_ids(model: type[Model], *, column: str) -> Find:
    return lambda subject: model._default_manager.filter(_any_pair(column, subject.visitor_ids))  # noqa: SLF001


def _any_pair(column: str, pairs: frozenset[tuple[int, str]]) -> Q:
    """Match rows of these integrations with these IDs; none for none."""
    by_integration: dict[int, list[str]] = {}
    for key, value in sorted(pairs):
        by_integration.setdefault(key, []).append(value)
    parts = [Q(integration_id=key, **{f"{column}__any_of": values}) for key, values in by_integration.items()]
    return reduce(or_, parts, Q(pk__in=[]))


def find_conflicts(subject: Subject) -> QuerySet[Conflict]:
    """Return the conflicts that are about the person, on whichever device."""
    users = subject.user_keys
    return Conflict.objects.filter(
        Q(visitor__pk__any_of=subject.visitor_keys)
        | Q(login_user__pk__any_of=users)
        | Q(other_user__pk__any_of=users)
        | _any_subject(subject)
    )


def _any_subject(subject: Subject) -> Q:
    """Match conflicts of shared devices whose subject spells the person out."""
    shared = Q(visitor__pk__any_of=subject.shared_keys)
    words = [word for word in subject.words if len(word) > 3]
    return reduce(or_, [shared & Q(subject__icontains=word) for word in sorted(words)], Q(pk__in=[]))


def _find_of_conflicts(model: type[Model]) -> Find:
    return lambda subject: model._default_manager.filter(conflict__in=find_conflicts(subject).order_by().values("pk"))  # noqa: SLF001


def _find_links(subject: Subject) -> QuerySet[VisitorLink]:
    return VisitorLink.objects.filter(
        Q(visitor__pk__any_of=subject.visitor_keys) | Q(login_user__pk__any_of=subject.user_keys)
    )


def _find_chats(subject: Subject) -> QuerySet[VisitorChat]:
    mine = Q(visitor__pk__any_of=subject.visitor_keys)
    for period in subject.periods:
        then = Q(visitor_id=period.visitor_key, started_at__gte=period.since)
        mine |= then & Q(started_at__lt=period.until) if period.until else then
    return VisitorChat.objects.filter(mine)


def _find_quarantined(subject: Subject) -> QuerySet[Quarantined]:
    ids = {one for _key, one in subject.visitor_ids}
    hits = [Q(record_key__any_of=sorted(ids))] if ids else []
    # Records are kept as ASCII; an address that is not has its escapes there.
    words = {word for word in subject.words if len(word) > 3}
    hits += [Q(raw__icontains=word.encode("ascii", "backslashreplace").decode()) for word in sorted(words)]
    mine = Quarantined.objects.filter(integration__in=[row.pk for row in subject.integrations])
    return mine.filter(reduce(or_, hits, Q(pk__in=[])))


def list_audit_targets(subject: Subject) -> list[str]:
    """Return the targets by which the audit names the person."""
    slugs = {row.pk: row.slug for row in subject.integrations}
    ids = [*subject.user_ids, *subject.visitor_ids]
    targets = {f"{slugs[key]} {one}"[:TARGET_MAX] for key, one in ids if key in slugs}
    targets |= {f"{slugs[key]} ~{user}" for key in slugs for user in subject.user_keys}
    return sorted(targets | {one[:TARGET_MAX] for _key, one in ids} | {email[:TARGET_MAX] for email in subject.emails})


def _find_deeds(subject: Subject) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(target__any_of=list_audit_targets(subject))


def _find_admin_log(subject: Subject) -> QuerySet[LogEntry]:
    words = sorted(word for word in subject.words if len(word) > 3)
    hits = [Q(object_repr__icontains=word[:TARGET_MAX]) | Q(change_message__icontains=word) for word in words]
    return LogEntry.objects.filter(reduce(or_, hits, Q(pk__in=[])))


def _find_saved_views(subject: Subject) -> QuerySet[SavedView]:
    # Few rows; what their query says is read in `erase`, because addresses are written as %40 there.
    keys = [row.pk for row in SavedView.objects.all() if names_person(row.query + " " + row.name, subject=subject)]
    return SavedView.objects.filter(pk__in=keys)


def names_person(text: str, *, subject: Subject) -> bool:
    """Return whether a text, or what it says as a query string, holds an ID or address of the person."""
    plain = unquote_plus(text).casefold()
    return any(len(word) > 3 and word.casefold() in plain for word in subject.words)


def _find_shared(subject: Subject) -> QuerySet[Visitor]:
    return Visitor.objects.filter(pk__any_of=subject.shared_keys)


# From the leaves to the roots: what is deleted first refers to what is deleted later.
TABLES: tuple[Table, ...] = (
    Table(model=ConflictFlag, find=_find_of_conflicts(ConflictFlag)),
    Table(model=ConflictDecision, find=_find_of_conflicts(ConflictDecision)),
    Table(model=Conflict, find=find_conflicts),
    Table(model=VisitorChat, find=_find_chats),
    Table(model=VisitorRefresh, find=_of_visitors(VisitorRefresh)),
    Table(model=VisitorAlias, find=_of_visitors(VisitorAlias)),
    Table(model=VisitorLink, find=_find_links),
    Table(model=VisitorWords, find=_of_visitors(VisitorWords), is_derived=True),
    Table(model=WaitingWords, find=_of_users(WaitingWords), is_derived=True),
    Table(model=PlayerNote, find=_of_users(PlayerNote)),
    Table(model=PlayerLabel, find=_of_users(PlayerLabel)),
    Table(model=AwaitedUser, find=_of_users(AwaitedUser)),
    Table(model=TokenDay, find=_of_users(TokenDay)),
    Table(model=RefusedToken, find=_of_user_ids(RefusedToken)),
    Table(model=BlockedUser, find=_of_user_ids(BlockedUser)),
    Table(model=VisitorQuestion, find=_of_visitor_ids(VisitorQuestion, column="visitor_id")),
    Table(model=ChangedUser, find=_of_visitor_ids(ChangedUser, column="user_id")),
    Table(model=Quarantined, find=_find_quarantined),
    Table(model=Visitor, find=lambda one: Visitor.objects.filter(pk__any_of=one.visitor_keys)),
    Table(model=LoginUser, find=lambda one: LoginUser.objects.filter(pk__any_of=one.user_keys)),
    Table(model=AuditEvent, find=_find_deeds, is_blanked=True),
    Table(model=LogEntry, find=_find_admin_log, is_blanked=True),
    Table(model=SavedView, find=_find_saved_views, is_blanked=True),
)

# Tables in which no player and no visitor is named, and what is in them instead.
_NUMBERS, _SETTINGS = _("numbers that name nobody"), _("settings of the installation")
_COLLEAGUES, _STATE = _("colleagues who sign in here"), _("how the sync stands")
HOLD_NOBODY: Mapping[str, Any] = {
    "linking.answercount": _NUMBERS,
    "linking.answertotal": _NUMBERS,
    "linking.clockoffset": _NUMBERS,
    "linking.linkrateday": _NUMBERS,
    "linking.waitinghour": _NUMBERS,
    "linking.passtotal": _NUMBERS,
    "linking.rowcounts": _NUMBERS,
    "linking.sharedcount": _NUMBERS,
    "linking.syncrun": _NUMBERS,
    "linking.conflictnotice": _NUMBERS,
    "linking.integration": _SETTINGS,
    "linking.integrationdraft": _SETTINGS,
    "linking.draftsecret": _SETTINGS,
    "linking.secret": _SETTINGS,
    "linking.configversion": _SETTINGS,
    "linking.fingerprintkey": _SETTINGS,
    "linking.alarmsettings": _SETTINGS,
    "linking.label": _SETTINGS,
    "linking.zendeskconnection": _SETTINGS,
    "linking.supporttoken": _SETTINGS,
    "linking.chathost": _SETTINGS,
    "linking.userfeed": _STATE,
    "linking.syncsteering": _STATE,
    "linking.lease": _STATE,
    "linking.requestslot": _STATE,
    "linking.chore": _STATE,
    "linking.heartbeat": _STATE,
    "linking.incident": _STATE,
    "linking.alarmmessage": _STATE,
    "linking.conflictdigest": _STATE,
    "linking.decisionbatch": _STATE,
    "linking.webhookdelivery": _("signatures of calls, for minutes"),
    "linking.panelstart": _("digests of tokens, for minutes"),
    "linking.connectattempt": _COLLEAGUES,
    "linking.apitoken": _COLLEAGUES,
    "linking.preference": _COLLEAGUES,
    "linking.presence": _COLLEAGUES,
    "linking.signin": _COLLEAGUES,
    "linking.erasurekey": _("the key to the digests"),
    "linking.erasurereceipt": _("receipts, which name nobody"),
    "linking.erasedmark": _("keyed digests, so that nobody comes back"),
    "linking.auditupkeep": _STATE,
    "auth.user": _COLLEAGUES,
    "auth.group": _COLLEAGUES,
    "auth.permission": _SETTINGS,
    "contenttypes.contenttype": _SETTINGS,
    "sessions.session": _COLLEAGUES,
    "authtoken.token": _COLLEAGUES,
    "authtoken.tokenproxy": _COLLEAGUES,
    "account.emailaddress": _COLLEAGUES,
    "account.emailconfirmation": _COLLEAGUES,
    "mfa.authenticator": _COLLEAGUES,
    "socialaccount.socialaccount": _COLLEAGUES,
    "socialaccount.socialapp": _SETTINGS,
    "socialaccount.socialtoken": _COLLEAGUES,
}


def list_unlisted() -> list[str]:
    """Return the tables of which nobody has said what of a person is in them."""
    listed = {table.label for table in TABLES} | set(HOLD_NOBODY)
    return sorted(model._meta.label_lower for model in apps.get_models() if model._meta.label_lower not in listed)  # noqa: SLF001

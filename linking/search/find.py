"""Finds visitors and Login users, the same way for the pages, the JSON API and exports."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, Model, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from linking.clients.zendesk_records import is_own_form
from linking.core.config import ZendeskProduct
from linking.core.text import clean_line, email_key
from linking.core.user_ids import USER_ID_MAX_CHARACTERS
from linking.models import Integration, LoginUser, Visitor, VisitorLink, VisitorState, VisitorWords, WaitingWords
from linking.search import noted, pages
from linking.search.keyset import Keyset, decode_keyset, encode_keyset
from linking.search.query import EMPTY_QUERY, Query, QueryKind, dot_form
from linking.search.text_index import SearchWords, is_indexed

COUNT_CAP = 10_000
# Readers look at the first results of a search; counting further costs most of the page's time.
SEARCH_COUNT_CAP = 1_000
NAMED_MAX = 50
# Test accounts of a studio have thousands of visitors; a person has a handful.
LINKS_A_PAGE = 500
_LINKS_ORDERING = "-visitor__last_seen_at"
DEFAULT_ORDERING = "-last_seen_at"
# Where no index helps, as for a single character, a search reads only this many of the newest rows.
NEWEST_SEARCHED = 5_000
# Only columns that are never NULL, which a keyset cannot hold.
VISITOR_ORDERINGS = ("-last_seen_at", "last_seen_at", "-first_seen_at", "first_seen_at", "name", "-name")
CONTACT_COLUMNS = frozenset({"name"})
_STAND_IN = re.compile(r"~([0-9]{1,18})")
Row = TypeVar("Row", bound=Model)


class UnknownFilter(ValueError):
    """A filter's value is unknown. `name` is the filter; the message lists the known values."""

    def __init__(self, *, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The one record a pasted text names: `kind` is `visitor` or `user`, `id` its visitor or user ID."""

    kind: str
    id: str
    integration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are; when `is_capped`, more than `number`."""

    number: int
    is_capped: bool


def list_visitors(
    *,
    sees_contact: bool,
    query: Query = EMPTY_QUERY,
    integration: str = "",
    state: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    ordering: str = DEFAULT_ORDERING,
) -> QuerySet[Visitor]:
    """Return the visitors that match, each with its `integration` and its open link, in two queries a page.

    A row's `open_links` is a list of no or one `VisitorLink` with its `login_user` and `trust` loaded. `query` is what
    a person typed: parts of what Zendesk or Login know, all of them in any order, or an ID. `integration` is a slug,
    `state` one of `VisitorState`, "" means any; `since` drops visitors last seen before it, `until` those last seen
    at it or later. Readers without `sees_contact` find e-mail addresses and phone numbers only as a whole, and cannot
    order by name, which is often an address.

    Raises: UnknownFilter.
    """
    _require_known(ordering=ordering, state=state, sees_contact=sees_contact)
    visitors = _in_integration(Visitor.objects.all(), slug=integration)
    visitors = visitors.filter(state=state) if state else visitors
    visitors = visitors.filter(last_seen_at__gte=since) if since else visitors
    visitors = visitors.filter(last_seen_at__lt=until) if until else visitors
    if query.kind is not QueryKind.EMPTY:
        visitors = _keep_matching(visitors, query=query, sees_contact=sees_contact)
    return _with_link(visitors).order_by(ordering, _tie(ordering))


def _require_known(*, ordering: str, state: str, sees_contact: bool) -> None:
    offered = list_orderings(sees_contact=sees_contact)
    if ordering not in offered:
        sentence = _("ordering must be one of: %(words)s.")
        raise UnknownFilter(name="ordering", message=sentence % {"words": ", ".join(offered)})
    if state and state not in tuple(VisitorState):
        sentence = _("state must be one of: %(words)s.")
        raise UnknownFilter(name="state", message=sentence % {"words": ", ".join(sorted(VisitorState))})


def _keep_matching(visitors: QuerySet[Visitor], *, query: Query, sees_contact: bool) -> QuerySet[Visitor]:
    if is_costly(query):
        newest = _newest_keys(visitors.order_by(DEFAULT_ORDERING, "-pk"))
        visitors = visitors.filter(words__visitor__id__any_of=newest)
    condition = _matches(query, words=SearchWords(model=VisitorWords, sees_contact=sees_contact))
    player_keys = noted.find_player_keys(query, sees_contact=sees_contact)
    if visitor_keys := noted.find_visitor_keys(player_keys):
        # By the words' keys, because an OR across tables would read every row.
        condition |= Q(words__visitor__id__any_of=visitor_keys)
    return visitors.filter(condition)


def list_orderings(*, sees_contact: bool) -> tuple[str, ...]:
    """Return the orders open to a reader; an order by a masked column would reveal it letter by letter."""
    return tuple(name for name in VISITOR_ORDERINGS if sees_contact or name.removeprefix("-") not in CONTACT_COLUMNS)


def find_visitor(*, visitor_id: str, integration: str = "") -> Visitor | None:
    """Return the visitor with this ID, dot or dash form or an alias, with its open link as in `list_visitors`, or None.

    Where two integrations know the ID, the one seen last.

    Raises: UnknownFilter for a slug that is none.
    """
    dotted_id = dot_form(visitor_id)
    if not _is_plain(dotted_id):
        return None
    visitors = _with_link(_in_integration(Visitor.objects.all(), slug=integration)).order_by(DEFAULT_ORDERING, "-pk")
    by_alias = visitors.filter(aliases__alias_id__in={dotted_id, visitor_id})
    return visitors.filter(visitor_id=dotted_id).first() or by_alias.first()


def find_login_user(*, user_id: str, integration: str = "", with_visitors: bool = True) -> LoginUser | None:
    """Return the Login user with this ID (or stand-in of `make_stand_in`) or None, with its `integration`.

    The user's `trust` is loaded. `with_visitors`: its `open_links` is the first page of `load_links_page`. Where two
    integrations know the ID, the one who authenticated last. Accounts on Messaging do not tell upper from lower case.

    Raises: UnknownFilter for a slug that is none.
    """
    if not _is_plain(user_id):
        return None
    users = _in_integration(LoginUser.objects.with_trust(), slug=integration).select_related("integration")
    users = users.order_by(F("last_authenticated_at").desc(nulls_last=True), "-pk")
    user = _find_by_id(users, user_id=user_id)
    if user is not None and with_visitors:
        user.open_links = load_links_page(user).rows  # type: ignore[attr-defined]
    return user


def list_login_users(*, keys: Collection[int]) -> list[LoginUser]:
    """Return the few Login users with `keys`, each with its integration and `trust` loaded, in no order."""
    if not keys:
        return []
    return list(LoginUser.objects.with_trust().filter(pk__in=keys).select_related("integration").order_by())


def _find_by_id(users: QuerySet[LoginUser], *, user_id: str) -> LoginUser | None:
    user = users.filter(user_id=user_id).first() or users.filter(user_id=user_id.lower()).first()
    if user is not None:
        return user
    if stand_in := _STAND_IN.fullmatch(user_id):
        return users.filter(pk=int(stand_in[1])).first()
    case_blind = LoginUser.objects.filter(integration__zendesk_product=ZendeskProduct.MESSAGING)
    same = case_blind.in_any_case(user_ids=[user_id]).order_by()
    return users.filter(pk__in=list(same.values_list("pk", flat=True))).first()


def list_namesakes(user: LoginUser) -> list[LoginUser]:
    """Return the same person in every integration of the Login project, `user` first, each as `find_login_user` does.

    Accounts on Messaging do not tell upper from lower case.
    """
    siblings = Integration.objects.filter(login_project_id=user.integration.login_project_id)
    same = LoginUser.objects.with_trust().filter(integration__in=siblings.order_by())
    others = same.in_any_case(user_ids=[user.user_id]).exclude(pk=user.pk).select_related("integration").order_by("pk")
    return [user] + [
        other for other in others if other.user_id == user.user_id or _is_case_blind(user) or _is_case_blind(other)
    ]


def load_links_page(user: LoginUser, *, cursor: str = "") -> pages.Page:
    """Return at most `LINKS_A_PAGE` open links of a person, that of the visitor seen last first.

    Those in other integrations of the Login project are among them. Each has its `visitor`, `login_user` and `trust`.

    Raises: BadKeyset.
    """
    order = ("-visitor__last_seen_at", "-pk")
    links = VisitorLink.objects.open().filter(login_user__in=list_namesakes(user))
    if cursor:
        start = decode_keyset(cursor, ordering=_LINKS_ORDERING, kind=datetime)
        is_older = Q(visitor__last_seen_at__lt=start.value)
        links = links.filter(is_older | Q(visitor__last_seen_at=start.value, pk__lt=start.key))
    # Keys first: whoever has ten thousand visitors has them sorted, but only a page of them read.
    keys = list(links.order_by(*order).values_list("pk", flat=True)[: LINKS_A_PAGE + 1])
    shown = VisitorLink.objects.with_disputes().filter(pk__any_of=keys[:LINKS_A_PAGE])
    rows = list(shown.select_related("visitor__integration", "login_user").order_by(*order))
    following = ""
    if len(keys) > LINKS_A_PAGE:
        last = rows[-1]
        following = encode_keyset(Keyset(ordering=_LINKS_ORDERING, value=last.visitor.last_seen_at, key=last.pk))
    return pages.Page(rows=rows, next=following, previous="")


def _is_case_blind(user: LoginUser) -> bool:
    return user.integration.zendesk_product == ZendeskProduct.MESSAGING


def make_stand_in(user: LoginUser) -> str:
    """Return what names a user in an address for readers who may not see its ID; `find_login_user` takes it."""
    return f"~{user.pk}"


def find_by_stand_ins(stand_ins: Collection[str]) -> dict[str, LoginUser]:
    """Return the users that these texts stand for, by stand-in; other texts and users who are gone are left out."""
    matches = {text: match for text in stand_ins if (match := _STAND_IN.fullmatch(text))}
    users = LoginUser.objects.select_related("integration").in_bulk([int(match[1]) for match in matches.values()])
    return {text: users[int(match[1])] for text, match in matches.items() if int(match[1]) in users}


def list_waiting_users(
    *,
    sees_contact: bool,
    query: Query = EMPTY_QUERY,
    integration: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[LoginUser]:
    """Return the Login users with a token and without a visitor so far, the last one to sign in first.

    `query` and `sees_contact` as in `list_visitors`; `since` drops users who signed in last before it, `until` those
    who did at it or later.

    Raises: UnknownFilter for a slug that is none.
    """
    waiting: QuerySet[LoginUser] = LoginUser.objects.filter(is_seen_in_chat=False, first_authenticated_at__isnull=False)
    waiting = _in_integration(waiting, slug=integration).select_related("integration")
    waiting = waiting.filter(last_authenticated_at__gte=since) if since else waiting
    waiting = waiting.filter(last_authenticated_at__lt=until) if until else waiting
    order = ("-last_authenticated_at", "-pk")
    if query.kind is not QueryKind.EMPTY:
        if is_costly(query):
            waiting = waiting.filter(words__login_user__id__any_of=_newest_keys(waiting.order_by(*order)))
        condition = _matches_user(query, words=SearchWords(model=WaitingWords, sees_contact=sees_contact))
        if player_keys := noted.find_player_keys(query, sees_contact=sees_contact):
            condition |= Q(words__login_user__id__any_of=player_keys)
        waiting = waiting.filter(condition)
    return waiting.order_by(*order)


def find_exact(query: Query) -> Hit | None:
    """Return the one record that a query names, or None when it names none or more than one.

    Understood: a visitor ID in any form, Zendesk's address with `#!account-token` or `/agent/users/`, `visitor:…`,
    `#supportchat:…`, the ID of a visitor's last chat, a user ID, a Publisher Account address with one, an e-mail
    address that one person has; each also behind a label or amid a sentence.
    """
    if query.kind is QueryKind.EMPTY:
        return None
    if query.kind is QueryKind.EMAIL:
        return _hit_by_email(query.text) or _hit_by_id(query)
    return _hit_by_id(query)


def find_unknown_id(query: Query) -> str:
    """Return the visitor ID that a query names where no record here has it; "" for any other query.

    Digits alone are taken for a phone number or a date, unless they come from an agents' page of a Messaging account.
    """
    if query.kind is not QueryKind.VISITOR_ID or not _can_be_asked_about(query.visitor_id):
        return ""
    if _hit_by_id(query) is not None:
        return ""
    # Counted, because PostgreSQL would look for a single row of several million by reading them one after another.
    return "" if count_up_to_cap(list_visitors(query=query, sees_contact=False)).number else query.visitor_id


def _can_be_asked_about(visitor_id: str) -> bool:
    if visitor_id.isdigit():
        return Integration.objects.filter(zendesk_product=ZendeskProduct.MESSAGING).exists()
    return is_own_form(visitor_id) and not visitor_id.replace(".", "").isdigit()


def count_up_to_cap(rows: QuerySet[Any], *, cap: int = COUNT_CAP) -> Count:
    """Return how many `rows` there are, counting no further than `cap`."""
    number = rows.order_by().values("pk")[: cap + 1].count()
    return Count(number=min(number, cap), is_capped=number > cap)


def _tie(ordering: str) -> str:
    return "-pk" if ordering.startswith("-") else "pk"


def _in_integration(rows: QuerySet[Row], *, slug: str) -> QuerySet[Row]:
    if not slug:
        return rows
    key = Integration.objects.filter(slug=slug).values_list("pk", flat=True).first() if _is_plain(slug) else None
    if key is None:
        raise UnknownFilter(name="integration", message=_("integration must be the slug of an integration."))
    return rows.filter(integration_id=key)


def _with_link(rows: QuerySet[Visitor]) -> QuerySet[Visitor]:
    links = VisitorLink.objects.open().with_disputes().select_related("login_user")
    return rows.select_related("integration").prefetch_related(Prefetch("links", queryset=links, to_attr="open_links"))


def _is_plain(text: str) -> bool:
    # NUL and lone surrogates are errors to PostgreSQL; nothing stored holds them.
    return bool(text) and clean_line(text, max_characters=USER_ID_MAX_CHARACTERS) == text


def _hit_by_email(email: str) -> Hit | None:
    lowered = LoginUser.objects.alias(low_email=Lower("email"))
    users = lowered.filter(low_email__any_of=sorted({email.lower(), email_key(email)})).select_related("integration")[
        :2
    ]
    if users:
        return _user_hit(users[0]) if len(users) == 1 else None
    whole = SearchWords(model=VisitorWords, sees_contact=False).match_contact(email)
    visitors = list(Visitor.objects.filter(whole, email__iexact=email).select_related("integration").order_by("pk")[:2])
    return _visitor_hit(visitors[0]) if len(visitors) == 1 else None


def _hit_by_id(query: Query) -> Hit | None:
    if query.chat_id:
        return _hit_by_chat(query.chat_id)
    for candidate in dict.fromkeys(filter(None, (query.visitor_id, *query.user_ids, query.text))):
        visitor = find_visitor(visitor_id=candidate)
        if visitor is not None:
            return _visitor_hit(visitor)
        user = find_login_user(user_id=candidate, with_visitors=False)
        if user is not None:
            return _user_hit(user)
    return None


def _hit_by_chat(chat_id: str) -> Hit | None:
    # Zendesk gives the ids out, so one chat has one visitor in an account; another account may repeat them.
    visitor = _with_last_chat(chat_id).select_related("integration").order_by(DEFAULT_ORDERING, "-pk").first()
    return _visitor_hit(visitor) if visitor else None


def _with_last_chat(chat_id: str) -> QuerySet[Visitor]:
    # The second condition is the index's, word for word: SQLite does not see that it follows from the first.
    return Visitor.objects.filter(~Q(last_chat_id=""), last_chat_id=chat_id)


def _visitor_hit(visitor: Visitor) -> Hit:
    return Hit(kind="visitor", id=visitor.visitor_id, integration=visitor.integration.slug)


def _user_hit(user: LoginUser) -> Hit:
    return Hit(kind="user", id=user.user_id, integration=user.integration.slug)


def is_account_number(query: Query) -> bool:
    """Return whether the text is the number of a Zendesk account, with which every visitor ID of it begins."""
    if query.kind is not QueryKind.PHONE or query.digits != query.text:
        return False
    prefix = f"{query.digits}."
    visitors = Visitor.objects.filter(visitor_id__gte=prefix).order_by("visitor_id")
    next_id: str | None = visitors.values_list("visitor_id", flat=True).first()
    return next_id is not None and next_id.startswith(prefix)


def is_costly(query: Query) -> bool:
    """Return whether no index helps to find the text, so that only the newest rows are searched."""
    return query.kind is QueryKind.TEXT and not is_indexed(query.words)


def _newest_keys(rows: QuerySet[Any]) -> list[int]:
    # Run as a query of its own: as a subquery, the planner would read the words of all rows.
    return list(rows.values_list("pk", flat=True)[:NEWEST_SEARCHED])


def _matches(query: Query, *, words: SearchWords) -> Q:
    if query.kind is QueryKind.TICKET:
        return Q(pk__in=())
    if is_account_number(query):
        # Every visitor ID begins with it, so it is only searched as contact data.
        return words.match_contact(query.digits)
    keys = _find_named_keys(query)
    condition = _matches_text(query, words=words)
    # By the words' keys, because an OR across tables would read every row.
    return condition | Q(words__pk__in=keys) if keys else condition


def _find_named_keys(query: Query) -> list[int]:
    """Return the keys of the visitors with this alias or last chat, which are few."""
    if query.chat_id:
        visitors = _with_last_chat(query.chat_id)
    elif query.visitor_id:
        visitors = Visitor.objects.filter(aliases__alias_id=query.visitor_id)
    else:
        return []
    return list(visitors.order_by().values_list("pk", flat=True)[:NAMED_MAX])


def _matches_user(query: Query, *, words: SearchWords) -> Q:
    return Q(pk__in=()) if query.kind is QueryKind.TICKET else _matches_text(query, words=words)


def _matches_text(query: Query, *, words: SearchWords) -> Q:
    if query.kind is QueryKind.EMAIL:
        return words.match_contact(query.text)
    condition = words.match_words(query.words)
    if query.visitor_id and query.visitor_id != query.text:
        condition |= words.match_words([query.visitor_id])
    return condition | words.match_contact(query.digits) if query.digits else condition

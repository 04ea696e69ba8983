"""Whom the panel asks about: the reference that a browser sends, and the records that it leads to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from linking.core.config import IntegrationConfig
from linking.core.user_ids import USER_ID_MAX_CHARACTERS, user_id_text
from linking.models import LoginUser, Visitor, VisitorLink, ZendeskProduct
from linking.search import find
from linking.sync import Clock, unknown_visitors

KEYS = ("external_id", "visitor_id", "support_user_id")
REPEAT = "is_repeat"
# Source: fact sheet of Zendesk, 3.3: how the apps framework and transcripts write the ID of a Chat visitor.
_VISITOR_PREFIX = re.compile(r"(?:visitor:|#supportchat:)")
_SUPPORT_ID = re.compile(r"[0-9]{1,20}\Z")


class BadReference(ValueError):
    """The body names nobody in a way that can be read; the message is for programmers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReference:
    """Who is meant, "" for what is not known. `is_repeat`: the panel has asked about this person before."""

    external_id: str = ""
    visitor_id: str = ""
    support_user_id: str = ""
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """What is known of a person. `link` is the open link of `visitor` to `user`, None where there is none.

    `is_about_visitor`: a visitor was named, so how far to trust its user is a question of its link.
    `is_outdated`: Zendesk names another player than the link that is stored. `sentence` says why nobody was found.
    """

    user: LoginUser | None = None
    visitor: Visitor | None = None
    link: VisitorLink | None = None
    is_about_visitor: bool = False
    is_outdated: bool = False
    is_waiting: bool = False
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuestion:
    """How Zendesk is asked for one panel: `person` counts its questions; the rest as in `unknown_visitors.look_up`."""

    person: str
    clock: Clock
    allow_loopback: bool
    give_way: Callable[[], None]

    def ask(self, visitor_id: str, *, is_repeat: bool, config: IntegrationConfig) -> unknown_visitors.Lookup:
        """Return what Zendesk says of a visitor; a repeated question only looks how the first one stands."""
        if is_repeat:
            return unknown_visitors.look(visitor_id=visitor_id, integration=config.slug)
        return unknown_visitors.look_up(
            visitor_id=visitor_id,
            integration=config.slug,
            person=self.person,
            clock=self.clock,
            allow_loopback=self.allow_loopback,
            give_way=self.give_way,
        )


def parse_reference(body: Mapping[str, Any]) -> PersonReference:
    """Return whom the body of a question names. Raises: BadReference."""
    unknown = set(body) - {*KEYS, REPEAT}
    if unknown:
        raise BadReference("unknown key")
    values = {key: _parse_id(body.get(key)) for key in KEYS}
    if not any(values.values()):
        raise BadReference("nobody named")
    return PersonReference(**values, is_repeat=body.get(REPEAT) is True)


def _parse_id(value: object) -> str:
    # Zendesk's framework gives the IDs of its own users as numbers.
    text = user_id_text(value)
    if text is None:
        return ""
    if not isinstance(text, str) or len(text) > USER_ID_MAX_CHARACTERS:
        raise BadReference("no ID")
    return text.strip()


def find_person(reference: PersonReference, *, config: IntegrationConfig, question: PanelQuestion) -> FoundPerson:
    """Return who is known under a reference, in this integration.

    A visitor that is not stored is asked for at Zendesk once: whoever is chatting now is in no export yet.
    """
    visitor_id = _find_visitor_id(reference, config=config)
    lookup = None
    visitor = find.find_visitor(visitor_id=visitor_id, integration=config.slug) if visitor_id else None
    if visitor_id and visitor is None:
        lookup = question.ask(visitor_id, is_repeat=reference.is_repeat, config=config)
        if lookup.outcome is unknown_visitors.Outcome.FOUND:
            visitor = find.find_visitor(visitor_id=lookup.visitor_id, integration=config.slug)
    user = _find_user(reference.external_id, slug=config.slug)
    link: VisitorLink | None = next(iter(visitor.open_links), None) if visitor else None  # type: ignore[attr-defined]
    is_outdated = link is not None and bool(reference.external_id) and not _is_id_of(link.login_user, reference)
    if link is not None and not is_outdated:
        user = find.find_login_user(user_id=link.login_user.user_id, integration=config.slug, with_visitors=False)
    return FoundPerson(
        user=user,
        visitor=visitor,
        link=None if is_outdated else link,
        is_about_visitor=bool(visitor_id),
        is_outdated=is_outdated,
        is_waiting=lookup is not None and lookup.outcome is unknown_visitors.Outcome.WAITING,
        sentence=lookup.sentence if lookup is not None else "",
    )


def _find_visitor_id(reference: PersonReference, *, config: IntegrationConfig) -> str:
    """Return the ID under which the integration would know the visitor; "" where none is named."""
    named = _VISITOR_PREFIX.sub("", reference.visitor_id, count=1)
    if named or config.zendesk_product != ZendeskProduct.MESSAGING:
        return named
    return reference.support_user_id if _SUPPORT_ID.match(reference.support_user_id) else ""


def _find_user(external_id: str, *, slug: str) -> LoginUser | None:
    if not external_id:
        return None
    user = find.find_login_user(user_id=external_id, integration=slug, with_visitors=False)
    # Addresses also take a number that stands for a user. A panel that may try numbers could list everybody.
    return user if user is not None and user.user_id.casefold() == external_id.casefold() else None


def _is_id_of(user: LoginUser, reference: PersonReference) -> bool:
    return user.user_id.casefold() == reference.external_id.casefold()

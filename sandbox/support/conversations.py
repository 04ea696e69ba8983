"""What a browser's sign-in and conversation do to both stores of people. Source: README M2."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.support.book import SupportBook
from sandbox.support.changes import add_identity, change_user, create_user, merge_users
from sandbox.support.events import build_ticket_detail
from sandbox.support.people import Conversation, MessagingUser, SandboxUser, Ticket
from sandbox.world.state import format_time

BOT_REPLY = "Hello! Describe your question, or ask for a person."
AGENT_REPLY = "Thanks for writing. A colleague will look into it."


def open_session(book: SupportBook, *, key: str, now_s: float) -> tuple[str, MessagingUser]:
    """Return the session and user of a browser; a new one is an anonymous messaging user. Source: README M2.1."""
    user = find_session_user(book, key)
    if user is not None:
        return key, user
    user = book.messaging.put(MessagingUser(book.messaging.mint_id("c"), now_s))
    key = secrets.token_urlsafe(18)
    book.messaging.sessions[key] = user.id
    return key, user


def find_session_user(book: SupportBook, key: str) -> MessagingUser | None:
    """Return the user of a browser's session, or None."""
    return book.messaging.users.get(book.messaging.sessions.get(key, ""))


def sign_in(book: SupportBook, *, key: str, claims: dict[str, Any], now_s: float) -> tuple[str, MessagingUser]:
    """Sign the browser in as the user of accepted claims, and return its session and user.

    The user is found by external ID, by verified address only if none matches, else made. An anonymous user of the
    browser is upgraded when there was none, otherwise merged into the one found. Source: README M2.1 and M2.2.
    """
    store, external_id = book.messaging, claims["external_id"]
    current = find_session_user(book, key)
    anonymous = current if current is not None and not current.external_id else None
    known = store.users.get(store.by_external.get(external_id, ""))
    if known is None and claims.get("email_verified") is True:
        holder = store.users.get(store.by_email.get(str(claims.get("email", "")).casefold(), ""))
        known = holder if holder is not None and not holder.external_id else None
    user = known or anonymous or MessagingUser(store.mint_id("c"), now_s)
    is_upgraded = user is anonymous
    _take_claims(user, claims)
    store.put(user)
    if is_upgraded:
        book.sunco_hook.report_user(user, now_s=now_s)
    elif anonymous is not None:
        _merge_messaging_users(book, survivor=user, discarded=anonymous, now_s=now_s)
    book.do_later(lambda later_s: _follow_sign_in(book, user, later_s), delay_s=book.switches.support_delay_s)
    key = key if key in store.sessions else secrets.token_urlsafe(18)
    store.sessions[key] = user.id
    return key, user


def write(book: SupportBook, user: MessagingUser, *, text: str, now_s: float) -> Conversation:
    """Add a message of the user; the first one opens a conversation. Without a bot agents take over at once."""
    if not user.conversations:
        conversation = Conversation(book.messaging.mint_id("d"), user.id, now_s)
        user.conversations.append(conversation)
        book.sunco_hook.report_conversation(user, conversation, now_s=now_s)
    conversation = user.conversations[-1]
    is_first = not conversation.messages
    _add_message(conversation, "end_user", text, now_s)
    if is_first and book.switches.bot:
        _add_message(conversation, "bot", BOT_REPLY, now_s)
    if not book.switches.bot and not conversation.is_handed_over:
        hand_over(book, user, now_s=now_s)
    return conversation


def hand_over(book: SupportBook, user: MessagingUser, *, now_s: float) -> bool:
    """Hand the last conversation to agents: a ticket, and with it a Support user. Return whether there was one."""
    if not user.conversations or user.conversations[-1].is_handed_over:
        return False
    conversation = user.conversations[-1]
    conversation.is_handed_over = True
    _add_message(conversation, "agent", AGENT_REPLY, now_s)
    book.do_later(lambda later_s: _make_ticket(book, conversation, later_s), delay_s=book.switches.support_delay_s)
    return True


def _take_claims(user: MessagingUser, claims: dict[str, Any]) -> None:
    user.external_id, user.authenticated = claims["external_id"], True
    user.name = claims.get("name") or user.name
    if claims.get("email"):
        user.email, user.email_verified = claims["email"], claims.get("email_verified") is True


def _add_message(conversation: Conversation, author: str, text: str, now_s: float) -> None:
    conversation.messages.append({"from": author, "text": text, "at": format_time(now_s)})


def _merge_messaging_users(
    book: SupportBook, *, survivor: MessagingUser, discarded: MessagingUser, now_s: float
) -> None:
    """Move the conversations of an anonymous user, and its Support user, to the known one. Source: README M2.1."""
    for conversation in discarded.conversations:
        conversation.user_id = survivor.id
    survivor.conversations += discarded.conversations
    survivor.conversations.sort(key=lambda conversation: conversation.created_s)
    survivor.anonymous_support_ids.append(discarded.support_id)
    book.messaging.drop(discarded)
    for key, user_id in book.messaging.sessions.items():
        if user_id == discarded.id:
            book.messaging.sessions[key] = survivor.id
    book.sunco_hook.report_merge(survivor=survivor, discarded=discarded, now_s=now_s)


def _follow_sign_in(book: SupportBook, user: MessagingUser, now_s: float) -> None:
    """Let Support follow an upgrade or merge: the anonymous Support user gets the ID, or joins the one who has it."""
    found = [book.people.find_current(user_id) for user_id in (user.support_id, *user.anonymous_support_ids)]
    user.anonymous_support_ids = []
    people = list({person.id: person for person in found if person is not None}.values())
    if not people:
        return
    mine, *others = people
    owner = _find_owner(book, user)
    if owner is not None and owner.id != mine.id and not mine.external_id:
        merge_users(book, winner=owner, loser=mine, now_s=now_s)
        mine = owner
    elif not mine.external_id:
        _give_identity(book, mine, user, now_s)
    user.support_id = mine.id
    for other in others:
        if other.id != mine.id:
            merge_users(book, winner=mine, loser=other, now_s=now_s)


def _make_ticket(book: SupportBook, conversation: Conversation, now_s: float) -> None:
    """Make the ticket of a conversation, whoever its user is by now."""
    user = book.messaging.users.get(conversation.user_id)
    if user is None or conversation.ticket_id:
        return
    requester = book.people.find_current(user.support_id) or _find_or_make_support_user(book, user, now_s)
    user.support_id = requester.id
    subject = f"Conversation with {requester.name or user.name}"
    ticket = Ticket(book.people.mint_ticket_id(), requester.id, subject, int(now_s), int(now_s), conversation.id)
    book.people.tickets[ticket.id] = ticket
    conversation.ticket_id = ticket.id
    book.events.report("ticket.created", subject_id=ticket.id, detail=build_ticket_detail(ticket), event={})


def _find_or_make_support_user(book: SupportBook, user: MessagingUser, now_s: float) -> SandboxUser:
    """Return the Support user of a messaging user: found by external ID, else by address, else made.

    Source: README M2.1. On a flagged account nobody is found, and the external ID stays null (README M2.4).
    """
    owner, email = _find_owner(book, user), _find_claimed_address(book, user)
    if owner is None and email and not book.switches.flagged_account:
        holder = book.people.find_by_email(email)
        if holder is not None and holder.verified and not holder.external_id and user.external_id:
            owner = holder
            change_user(book, owner, now_s=now_s, fields={"external_id": user.external_id})
    if owner is None:
        _free_address(book, email, now_s)
        external_id = None if book.switches.flagged_account else user.external_id
        is_free = email and book.people.find_by_email(email) is None
        fields = {"name": user.name or f"Web User {user.id}", "external_id": external_id,
                  "email": email if is_free else None, "verified": bool(is_free)}  # fmt: skip
        owner = create_user(book, now_s=now_s, fields=fields)
    add_identity(book, owner, kind="messaging", value=user.id, now_s=now_s)
    return owner


def _find_owner(book: SupportBook, user: MessagingUser) -> SandboxUser | None:
    if not user.external_id or book.switches.flagged_account:
        return None
    return book.people.find_by_external(user.external_id)


def _give_identity(book: SupportBook, support_user: SandboxUser, user: MessagingUser, now_s: float) -> None:
    """Give an anonymous Support user the name, address and external ID of the person who signed in."""
    email = _find_claimed_address(book, user)
    _free_address(book, email, now_s)
    fields: dict[str, Any] = {"name": user.name or support_user.name}
    if email and book.people.find_by_email(email) is None:
        fields |= {"email": email, "verified": True}
    if user.external_id and not book.switches.flagged_account:
        fields["external_id"] = user.external_id
    change_user(book, support_user, now_s=now_s, fields=fields)


def _find_claimed_address(book: SupportBook, user: MessagingUser) -> str | None:
    """Return the address that counts as an identity: a verified one, or any by the account's setting (README M2.2)."""
    return user.email if user.email_verified or book.switches.claim_addresses == "both" else None


def _free_address(book: SupportBook, email: str | None, now_s: float) -> None:
    """Take an address from an unverified holder: a verified claim wins. Source: README M2.2."""
    holder = book.people.find_by_email(email) if email else None
    if holder is not None and not holder.verified:
        change_user(book, holder, now_s=now_s, fields={"email": None})

"""The two stores of people of a Messaging account: Support users, and messaging users. Source: README M2.1.

A messaging user exists from the sign-in on, a Support user from the first ticket on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

END_USER, AGENT, ADMIN = "end-user", "agent", "admin"
ROLES = (END_USER, AGENT, ADMIN)
FIRST_USER_ID = 21_478_830_000_001  # 14 digits: more than 32 bits hold. Source: README M3, seen in recorded answers.
OWNER_ID = FIRST_USER_ID  # the admin who made the OAuth clients
OWNER_EMAIL = "admin@sandbox.example"
FIRST_TICKET_ID = 1_001


@dataclass(slots=True)
class SandboxUser:
    """One Support user; times in epoch seconds. `extra` holds the values of further keys that differ from the usual.

    `identities` are those beside the e-mail address. A merged or deleted user is not `active`.
    """

    id: int
    name: str
    email: str | None = None
    external_id: str | None = None
    role: str = END_USER
    created_s: int = 0
    updated_s: int = 0
    active: bool = True
    suspended: bool = False
    verified: bool = True
    is_erased: bool = False
    identities: list[Identity] | None = None
    extra: dict[str, Any] | None = None


@dataclass(slots=True)
class Identity:
    """One identity of a Support user; a merge shows it under its new owner from `visible_s` on. Source: README M2.6."""

    id: int
    kind: str
    value: str
    created_s: int
    visible_s: float = 0.0


@dataclass(slots=True)
class Ticket:
    """One ticket of a conversation."""

    id: int
    requester_id: int
    subject: str
    created_s: int
    updated_s: int
    conversation_id: str


class SupportStore:
    """The Support users by ID, with indices by folded external ID, e-mail address and time of change; the tickets."""

    def __init__(self) -> None:
        self.users: dict[int, SandboxUser] = {}
        self.by_external: dict[str, int] = {}
        self.by_email: dict[str, int] = {}
        self.by_update: list[tuple[int, int]] = []
        self.ids: list[int] = []
        self.staff_ids: set[int] = set()
        self.deleted_ids: set[int] = set()
        self.tickets: dict[int, Ticket] = {}
        self.merged_into: dict[int, int] = {}
        self.next_identity_id = 41_478_830_000_001

    def load(self, users: Iterable[SandboxUser]) -> None:
        """Add many users and sort each index once."""
        for user in users:
            self.users[user.id] = user
            self._index(user)
        self.ids = sorted(self.users)
        self.by_update = sorted((user.updated_s, user.id) for user in self.users.values())

    def put(self, user: SandboxUser) -> SandboxUser:
        """Add a new user."""
        self.users[user.id] = user
        insort(self.ids, user.id)
        insort(self.by_update, (user.updated_s, user.id))
        self._index(user)
        return user

    def change(self, user: SandboxUser, *, now_s: int, fields: Mapping[str, Any]) -> None:
        """Change fields of a user; the feed shows the user again. Source: README M4, a user comes on every change."""
        self._unindex(user)
        place = bisect_left(self.by_update, (user.updated_s, user.id))
        del self.by_update[place]
        for name, value in fields.items():
            setattr(user, name, value)
        user.updated_s = now_s
        insort(self.by_update, (user.updated_s, user.id))
        self._index(user)

    def mint_user_id(self) -> int:
        """Return an unused user ID, higher than all others."""
        return (self.ids[-1] if self.ids else FIRST_USER_ID) + 17

    def mint_identity_id(self) -> int:
        """Return an unused identity ID."""
        self.next_identity_id += 1
        return self.next_identity_id

    def mint_ticket_id(self) -> int:
        """Return an unused ticket ID."""
        return FIRST_TICKET_ID + len(self.tickets)

    def find_by_external(self, external_id: str) -> SandboxUser | None:
        """Return the active user with this external ID, compared without case. Source: README M2."""
        user_id = self.by_external.get(external_id.casefold())
        return None if user_id is None else self.users[user_id]

    def find_current(self, user_id: int) -> SandboxUser | None:
        """Return the active user with this ID, or the one it was merged into."""
        while user_id in self.merged_into:
            user_id = self.merged_into[user_id]
        user = self.users.get(user_id)
        return user if user is not None and user.active else None

    def find_by_email(self, email: str) -> SandboxUser | None:
        """Return the active user with this primary address."""
        user_id = self.by_email.get(email.casefold())
        return None if user_id is None else self.users[user_id]

    def list_changed(self, *, after: tuple[int, int], until_s: float, limit: int) -> tuple[list[SandboxUser], bool]:
        """Return up to `limit` users after (update time, ID) in that order, and whether none follows by `until_s`."""
        first = bisect_right(self.by_update, after)
        last = bisect_left(self.by_update, (int(until_s) + 1, 0))
        keys = self.by_update[first : min(first + limit, max(first, last))]
        return [self.users[user_id] for _, user_id in keys], first + len(keys) >= last

    def iterate(self, *, roles: frozenset[str], after_id: int = 0) -> Iterator[SandboxUser]:
        """Yield active users of the roles in order of ID, after `after_id`."""
        ids = self.ids if END_USER in roles else sorted(self.staff_ids)
        for place in range(bisect_right(ids, after_id), len(ids)):
            user = self.users[ids[place]]
            if user.active and user.role in roles:
                yield user

    def count(self, *, roles: frozenset[str]) -> int:
        """Return how many active users have one of the roles."""
        if END_USER not in roles:
            return sum(1 for _ in self.iterate(roles=roles))
        others = sum(self.users[user_id].role not in roles for user_id in self.staff_ids)
        return len(self.users) - len(self.deleted_ids) - others

    def list_tickets(self, user_id: int) -> list[Ticket]:
        """Return the tickets that the user requested."""
        return [ticket for ticket in self.tickets.values() if ticket.requester_id == user_id]

    def _index(self, user: SandboxUser) -> None:
        if not user.active:
            self.deleted_ids.add(user.id)
            return
        if user.external_id:
            folded = user.external_id.casefold()
            # The same object when nothing changes, which saves a copy for each of a million users.
            self.by_external[user.external_id if folded == user.external_id else folded] = user.id
        if user.email:
            folded = user.email.casefold()
            self.by_email[user.email if folded == user.email else folded] = user.id
        if user.role != END_USER:
            self.staff_ids.add(user.id)

    def _unindex(self, user: SandboxUser) -> None:
        self.deleted_ids.discard(user.id)
        self.staff_ids.discard(user.id)
        for index, value in ((self.by_external, user.external_id), (self.by_email, user.email)):
            if value and index.get(value.casefold()) == user.id:
                del index[value.casefold()]


@dataclass(slots=True)
class Conversation:
    """One conversation; `ticket_id` is 0 until it is handed to agents. A merge changes the messaging user `user_id`."""

    id: str
    user_id: str
    created_s: float
    messages: list[dict[str, Any]] = field(default_factory=list)
    ticket_id: int = 0
    is_handed_over: bool = False


@dataclass(slots=True)
class MessagingUser:
    """One messaging user: 24 hexadecimal digits as ID, `support_id` 0 until a ticket links a Support user."""

    id: str
    signed_up_s: float
    external_id: str | None = None
    name: str = ""
    email: str | None = None
    email_verified: bool = False
    authenticated: bool = False
    support_id: int = 0
    anonymous_support_ids: list[int] = field(default_factory=list)  # of merged anonymous users Support has yet to join
    conversations: list[Conversation] = field(default_factory=list)


class MessagingStore:
    """The messaging users by ID, with indices, and the users of browsers by session key.

    External IDs are compared exactly here: whether the vendor folds them is unknown (README M6).
    """

    def __init__(self) -> None:
        self.users: dict[str, MessagingUser] = {}
        self.by_external: dict[str, str] = {}
        self.by_email: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.minted_count = 0

    def mint_id(self, kind: str) -> str:
        """Return an unused ID; `kind` is one hexadecimal digit: c user, d conversation. Source: README M6."""
        self.minted_count += 1
        return f"6a10c0ffee{self.minted_count:010x}{kind}001"

    def put(self, user: MessagingUser) -> MessagingUser:
        """Add a user, or index a changed one again."""
        self.users[user.id] = user
        if user.external_id:
            self.by_external[user.external_id] = user.id
        if user.email and user.email_verified:
            self.by_email[user.email.casefold()] = user.id
        return user

    def drop(self, user: MessagingUser) -> None:
        """Remove a user from the store and its indices."""
        self.users.pop(user.id, None)
        for index in (self.by_external, self.by_email):
            for key in [key for key, user_id in index.items() if user_id == user.id]:
                del index[key]

    def find(self, key: str) -> MessagingUser | None:
        """Return the user by ID or by external ID. Source: README M6."""
        return self.users.get(key) or self.users.get(self.by_external.get(key, ""))


class AddressOwners(Mapping[str, str]):
    """The external ID that owns a verified address, by folded address, over both stores. Source: README M2.2."""

    def __init__(self, *, support: SupportStore, messaging: MessagingStore) -> None:
        self.support, self.messaging = support, messaging

    def __getitem__(self, email: str) -> str:
        """Return the owner's external ID. Raises: KeyError when nobody with an external ID owns the address."""
        known = self.messaging.users.get(self.messaging.by_email.get(email.casefold(), ""))
        if known is not None and known.external_id:
            return known.external_id
        user = self.support.find_by_email(email)
        if user is None or not user.verified or not user.external_id:
            raise KeyError(email)
        return user.external_id

    def __iter__(self) -> Iterator[str]:
        """Iterate over the addresses that are owned."""
        return (email for email in {*self.messaging.by_email, *self.support.by_email} if email in self)

    def __len__(self) -> int:
        """Return the number of addresses that are owned."""
        return sum(1 for _ in self)

"""A Zendesk Support account in memory, in place of `SupportClient`."""

from dataclasses import dataclass, field
from datetime import timedelta

from linking.clients.support_records import read_user
from linking.clients.zendesk_api import ZendeskGone
from linking.clients.zendesk_support import UsersPage
from linking.sync import run as sync
from linking.sync.messaging import source
from linking.sync.messaging.source import MessagingSource
from tests.factories import make_integration, make_login_user
from tests.linking.sync.fake_chat import NOW, patience

HOUR_AGO = NOW - timedelta(hours=1)


def uuid(number):
    """The UUID of player `number`."""
    return f"f{number:07x}-0000-4000-8000-{number:012x}"


def make_support(**changes):
    """An integration of an account on Messaging, without limits."""
    values = {
        "zendesk_product": "messaging", "zendesk_key_id": "key", "zendesk_subdomain": "acme",
        "zendesk_client_id": "client", "requests_per_minute": 100_000, "export_requests_per_minute": 100_000,
        "secrets": {"zendesk_client_secret": "client-secret-of-acme-for-tests"},
    }  # fmt: skip
    return make_integration(**(values | changes))


def make_issued(row, user_id, *, at):
    """A player who got one token at `at`."""
    times = {"first_authenticated_at": at, "last_authenticated_at": at, "tokens_issued": 1}
    return make_login_user(integration=row, user_id=user_id, **times)


@dataclass
class FakeSupport:
    """Users by ID, in the order of their changes. `faults` are raised one by one by the calls to come."""

    users: dict[str, dict] = field(default_factory=dict)
    log: list[dict] = field(default_factory=list)
    faults: list[Exception | None] = field(default_factory=list)
    calls: list[tuple] = field(default_factory=list)
    limit: int = 1000
    used_up_s: int = 0
    empty_pages: int = 0
    before_call: object = None

    def put(self, user_id, *, external_id=None, at=HOUR_AGO, **values):
        before = self.users.get(user_id, {"role": "end-user", "active": True, "created_at": text(at)})
        user = before | {"id": user_id, "external_id": external_id, "updated_at": text(at)} | values
        self.users[user_id] = user
        self.log.append(user)
        return user

    def users_page(self, *, start_epoch_s=0, cursor=""):
        self._called("page", cursor or start_epoch_s)
        if self.empty_pages:
            self.empty_pages -= 1
            return UsersPage(users=(), cursor=cursor + "0" if cursor else "0", is_end=False)
        place = int(cursor) if cursor else 0
        page = self.log[place : place + self.limit]
        after = place + len(page)
        return UsersPage(users=read(page), cursor=str(after), is_end=after >= len(self.log))

    def show_users(self, *, external_ids=(), user_ids=()):
        self._called("show", tuple(external_ids) or tuple(user_ids))
        wanted = {one.lower() for one in external_ids}
        return read(
            user
            for user in self.users.values()
            if str(user["external_id"] or "").lower() in wanted or str(user["id"]) in user_ids
        )

    def user(self, *, user_id):
        self._called("user", user_id)
        if (found := self.users.get(int(user_id))) is None:
            raise ZendeskGone("Zendesk does not know this user.")
        return read_user(found)

    def close(self):
        pass

    def _called(self, *call):
        if self.before_call is not None:
            self.before_call(call)
        self.calls.append(call)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault


def read(users):
    return tuple(read_user(user) for user in users)


def text(at):
    return at.isoformat().replace("+00:00", "Z")


def use(fake, monkeypatch):
    """Let passes ask `fake`, with a token that is always at hand."""
    monkeypatch.setattr(MessagingSource, "open_client", lambda _source, **_options: fake)
    monkeypatch.setattr(source, "fetch_in_time", lambda config, **_options: config)
    return fake


def run(row, time, **changes):
    options = {"trigger": "command", "is_eager": True, "patience": patience(), "allow_loopback": False} | changes
    return sync.run_pass(integration_id=row.pk, clock=time.clock, **options)

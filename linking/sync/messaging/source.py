"""What the sync asks of Zendesk Support: players who just got a token, users named to it, and the feed of changes."""

from collections.abc import Sequence
from datetime import datetime

from linking.clients.support_records import SupportUser, read_user_id
from linking.clients.vendor_urls import account_of
from linking.clients.zendesk_api import CALL_DEADLINE_S, ZendeskRefused
from linking.clients.zendesk_support import SupportClient
from linking.core.config import IntegrationConfig
from linking.models import StopReason, SyncRun, Visitor
from linking.sync.calls_with_retries import Clock, PacedCaller, PassStopped, open_account
from linking.sync.messaging.ask_awaited import ask_awaited
from linking.sync.messaging.feed import rewind
from linking.sync.messaging.fetch_token import NO_ADMIN, NOT_SET_UP, fetch_after, fetch_in_time
from linking.sync.messaging.people import Reading, store_kept
from linking.sync.messaging.read_changed import note_changed, read_changed
from linking.sync.messaging.read_users import read_users
from linking.sync.store import questions
from linking.sync.store.answers import BatchResult
from linking.sync.webhook_calls import WebhookNotice
from linking.sync.work import Work


class MessagingSource:
    """Implements `linking.sync.sources.Source`."""

    def name_budget(self, config: IntegrationConfig) -> str:
        """Return the account's name in Support, whose calls are counted apart from Chat's."""
        return f"support:{account_of(config.zendesk_api_url)}" if config.zendesk_api_url else ""

    def make_ready(
        self, config: IntegrationConfig, *, clock: Clock, allow_loopback: bool, caller: PacedCaller | None = None
    ) -> IntegrationConfig:
        """Fetch the access token where none is kept or its end is near."""
        del caller
        return fetch_in_time(config, clock=clock, allow_loopback=allow_loopback)

    def settle_address(self, config: IntegrationConfig) -> tuple[IntegrationConfig, str]:
        """Return the settings as they are."""
        return config, ""

    def open_client(
        self,
        *,
        config: IntegrationConfig,
        problems: Sequence[str],
        allow_loopback: bool,
        deadline_s: float = CALL_DEADLINE_S,
    ) -> SupportClient:
        """Return a client of the account's Support."""
        return open_account(
            SupportClient,
            config=config,
            problems=problems,
            unset=NOT_SET_UP,
            allow_loopback=allow_loopback,
            deadline_s=deadline_s,
        )

    def recover(
        self, halt: PassStopped, config: IntegrationConfig, *, caller: PacedCaller, allow_loopback: bool
    ) -> IntegrationConfig | None:
        """Fetch another token where Zendesk refused this one."""
        if isinstance(halt.__cause__, ZendeskRefused) and halt.__cause__.reason == "scope":
            raise PassStopped(f"{halt} {NO_ADMIN}", reason=StopReason.CREDENTIALS, status=halt.status) from halt
        return fetch_after(halt, config, clock=caller.clock, allow_loopback=allow_loopback)

    def read_all(self, work: Work, *, config: IntegrationConfig, is_retrying: bool) -> None:
        """Read the newest first: a player who waits, then who was named, then everybody who changed."""
        del is_retrying
        account = self.name_budget(config)
        work.begin_export(account=f"{account} export", per_minute=config.export_requests_per_minute)
        ask_awaited(work, config=config)
        read_changed(work, config=config)
        read_users(work, config=config)

    def is_set_up(self, config: IntegrationConfig) -> bool:
        """Return whether address, client ID and client secret are there."""
        return bool(config.zendesk_api_url and config.zendesk_client_id and config.zendesk_client_secret)

    def read_visitor_id(self, text: str) -> str:
        """Return the decimal ID of a Support user."""
        return read_user_id(text)

    def can_hold(self, visitor_id: str, *, integration_id: int) -> bool:
        """Return True: the IDs of users do not name the account."""
        del visitor_id, integration_id
        return True

    def queue_named(self, notice: WebhookNotice, *, integration_id: int, now: datetime) -> bool:
        """Note the users that an event or a trigger names, to be read by the next pass."""
        user_ids = {*notice.changed_user_ids, read_user_id(notice.visitor_id)} - {""}
        for user_id in sorted(user_ids):
            note_changed(integration_id=integration_id, user_id=user_id, now=now)
        return bool(user_ids)

    def read_visitor(self, client: SupportClient, *, visitor_id: str) -> SupportUser:
        """Read one user."""
        return client.user(user_id=visitor_id)

    def store_visitor(
        self,
        *,
        run: SyncRun,
        visitor: Visitor,
        record: SupportUser | None,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store what a user's record means."""
        users = (record,) if record is not None else ()
        gone = () if record is not None else (visitor.visitor_id,)
        reading = Reading(users=users, gone=gone, asked_at=asked_at, id_form=config.user_id_form, is_refresh=True)
        return store_kept(run=run, reading=reading, now=now)[1]

    def store_unknown(
        self,
        *,
        run: SyncRun,
        visitor_id: str,
        record: SupportUser,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store a user who is to be kept; of anybody else nothing."""
        reading = Reading(users=(record,), asked_at=asked_at, id_form=config.user_id_form)
        added, result = store_kept(run=run, reading=reading, now=now)
        if added:
            questions.drop(integration_id=run.integration_id, visitor_id=visitor_id)
        else:
            questions.note_answer(integration_id=run.integration_id, visitor_id=visitor_id, reason=questions.NOT_KEPT)
        return result

    def rewind(self, work: Work) -> None:
        """Forget the feed's cursor."""
        rewind(held=work.held, integration_id=work.integration.pk)

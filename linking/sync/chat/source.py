"""What the sync asks of Zendesk Chat: the export of chats, the list of bans, and visitors one by one."""

from collections.abc import Sequence
from datetime import datetime

from linking.clients.vendor_urls import account_of, chat_address
from linking.clients.zendesk_api import CALL_DEADLINE_S
from linking.clients.zendesk_chat import ChatClient
from linking.clients.zendesk_records import ID_MAX_CHARACTERS, Unreadable, VisitorRecord, dot_form, is_own_form
from linking.core.config import IntegrationConfig
from linking.models import StopReason, SyncRun, Visitor
from linking.sync.calls_with_retries import Clock, PacedCaller, PassStopped, open_account
from linking.sync.chat.read_bans import read_bans
from linking.sync.chat.read_export import read_export, retry_quarantined
from linking.sync.chat.read_visitors import read_visitors
from linking.sync.chat.renew_token import renew_after, renew_in_time
from linking.sync.chat.zendesk_host import find_answering_host, find_other_host, replace_retired_host
from linking.sync.store import lookups, questions, runs
from linking.sync.store.answers import BatchResult, store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.webhook_calls import WebhookNotice
from linking.sync.work import Work


class ChatSource:
    """Implements `linking.sync.sources.Source`."""

    def name_budget(self, config: IntegrationConfig) -> str:
        """Return the account's name, whichever of two addresses was found."""
        config, _notice = replace_retired_host(config)
        return account_of(chat_address(config.zendesk_subdomain) if config.is_host_sought else config.zendesk_api_url)

    def make_ready(
        self, config: IntegrationConfig, *, clock: Clock, allow_loopback: bool, caller: PacedCaller | None = None
    ) -> IntegrationConfig:
        """Renew the token where it is about to end, and look for the address where it is time."""
        config = renew_in_time(config, clock=clock, allow_loopback=allow_loopback)
        if caller is None:
            return config
        return find_answering_host(config, caller=caller, allow_loopback=allow_loopback)

    def settle_address(self, config: IntegrationConfig) -> tuple[IntegrationConfig, str]:
        """Put today's address in place of the retired one."""
        return replace_retired_host(config)

    def open_client(
        self,
        *,
        config: IntegrationConfig,
        problems: Sequence[str],
        allow_loopback: bool,
        deadline_s: float = CALL_DEADLINE_S,
    ) -> ChatClient:
        """Return a client of the account's Chat."""
        return open_account(
            ChatClient,
            config=config,
            problems=problems,
            unset="Zendesk's address or access token is not set.",
            allow_loopback=allow_loopback,
            deadline_s=deadline_s,
        )

    def recover(
        self, halt: PassStopped, config: IntegrationConfig, *, caller: PacedCaller, allow_loopback: bool
    ) -> IntegrationConfig | None:
        """Renew the token where Zendesk refused it, and look for another address where none answered."""
        renewed = renew_after(halt, config, clock=caller.clock, allow_loopback=allow_loopback)
        return renewed or find_other_host(config, reason=halt.reason, caller=caller, allow_loopback=allow_loopback)

    def read_all(self, work: Work, *, config: IntegrationConfig, is_retrying: bool) -> None:
        """Read the export to its end, and ask about the visitors found, most useful first."""
        while True:
            read_export(work, start_at=config.sync_start_at)
            retry_quarantined(work, is_at_once=is_retrying)
            is_retrying = False
            read_bans(work)
            if read_visitors(work):
                break
        if work.failed:
            detail = f"{work.failed} visitors could not be read; they are queued."
            raise PassStopped(detail, reason=StopReason.VENDOR_FAULT)

    def is_set_up(self, config: IntegrationConfig) -> bool:
        """Return whether address and access token are there."""
        return bool(config.zendesk_api_url and config.zendesk_access_token)

    def read_visitor_id(self, text: str) -> str:
        """Return an ID that Chat gives out itself in the dot form, "" for any other."""
        visitor_id = dot_form(text)
        return visitor_id if len(visitor_id) <= ID_MAX_CHARACTERS and is_own_form(visitor_id) else ""

    def can_hold(self, visitor_id: str, *, integration_id: int) -> bool:
        """Compare the account's number, with which every ID begins."""
        return questions.read_accounts(integration_id=integration_id).can_hold(visitor_id)

    def queue_named(self, notice: WebhookNotice, *, integration_id: int, now: datetime) -> bool:
        """Put the visitor that made a ticket first in the queue of lookups."""
        if not notice.visitor_id:
            return False
        return lookups.queue_named_visitor(integration_id=integration_id, notice=notice, now=now)

    def read_visitor(self, client: ChatClient, *, visitor_id: str) -> VisitorRecord | Unreadable:
        """Read one visitor."""
        return client.visitor(visitor_id=visitor_id)

    def store_visitor(
        self,
        *,
        run: SyncRun,
        visitor: Visitor,
        record: VisitorRecord | Unreadable | None,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store an answer about a visitor."""
        del config
        answer = VisitorAnswer(
            asked_id=visitor.visitor_id, asked_at=asked_at, activity_at=visitor.last_seen_at, record=record
        )
        return store_answers(run=run, answers=[answer], now=now)

    def store_unknown(
        self,
        *,
        run: SyncRun,
        visitor_id: str,
        record: VisitorRecord,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store the first answer about a visitor."""
        del config
        return questions.store_found(run=run, asked_id=visitor_id, record=record, asked_at=asked_at, now=now)

    def rewind(self, work: Work) -> None:
        """Forget the export's cursor."""
        runs.rewind(held=work.held, integration_id=work.integration.pk)

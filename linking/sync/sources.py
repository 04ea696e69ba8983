"""Where an integration's visitors are read from: Zendesk Chat, or Zendesk Support for accounts on Messaging.

Pass, lease, schedule, budget, history and store are one for both. A source says what is asked, and what a record means.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from linking.core.config import IntegrationConfig, ZendeskProduct
from linking.models import SyncRun, Visitor
from linking.sync.calls_with_retries import Clock, PacedCaller, PassStopped
from linking.sync.chat.source import ChatSource
from linking.sync.messaging.source import MessagingSource
from linking.sync.store.answers import BatchResult
from linking.sync.webhook_calls import WebhookNotice
from linking.sync.work import Work


class Source(Protocol):
    """One product's side of the sync; `config` is always the integration's, as `registry.config_of` returns it."""

    def name_budget(self, config: IntegrationConfig) -> str:
        """Return the name under which the account's calls are counted."""

    def make_ready(
        self, config: IntegrationConfig, *, clock: Clock, allow_loopback: bool, caller: PacedCaller | None = None
    ) -> IntegrationConfig:
        """Return the settings with an access token that can be used, and for a pass, which has a `caller`, with the
        address that answers.

        Raises: PassStopped.
        """

    def settle_address(self, config: IntegrationConfig) -> tuple[IntegrationConfig, str]:
        """Return the settings with today's address, and a sentence where that is not the one set."""

    def open_client(
        self, *, config: IntegrationConfig, problems: Sequence[str], allow_loopback: bool, deadline_s: float = ...
    ) -> Any:
        """Return the client, to be closed. `problems`: what `registry.config_of` said of secrets that cannot be had.

        Raises: PassStopped.
        """

    def recover(
        self, halt: PassStopped, config: IntegrationConfig, *, caller: PacedCaller, allow_loopback: bool
    ) -> IntegrationConfig | None:
        """Return settings with which work that stopped can go on, None where there are none. Raises: PassStopped."""

    def read_all(self, work: Work, *, config: IntegrationConfig, is_retrying: bool) -> None:
        """Read until nothing is left to read. Raises: PassStopped, leases.LeaseLost."""

    def is_set_up(self, config: IntegrationConfig) -> bool:
        """Return whether address and secrets are there, as far as the settings tell."""

    def read_visitor_id(self, text: str) -> str:
        """Return an ID as it is stored, "" where no visitor of this source can have it."""

    def can_hold(self, visitor_id: str, *, integration_id: int) -> bool:
        """Return whether a visitor ID can be one of the account's; yes where that is not known."""

    def queue_named(self, notice: WebhookNotice, *, integration_id: int, now: datetime) -> bool:
        """Queue whom a webhook call names, in the caller's transaction; return whether it names anybody to be read."""

    def read_visitor(self, client: Any, *, visitor_id: str) -> Any:
        """Return one visitor's record. Raises: what `PacedCaller.ask` takes, ZendeskGone among it."""

    def store_visitor(
        self,
        *,
        run: SyncRun,
        visitor: Visitor,
        record: Any,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store the record of a visitor that is kept, None for "gone", in the caller's transaction."""

    def store_unknown(
        self,
        *,
        run: SyncRun,
        visitor_id: str,
        record: Any,
        config: IntegrationConfig,
        asked_at: datetime,
        now: datetime,
    ) -> BatchResult:
        """Store the record of a visitor that is new here, in the caller's transaction."""

    def rewind(self, work: Work) -> None:
        """Forget the place reached, so that everything since `sync_start` is read again. Raises: leases.LeaseLost."""


_SOURCES: dict[ZendeskProduct, Source] = {
    ZendeskProduct.CHAT: ChatSource(),
    ZendeskProduct.MESSAGING: MessagingSource(),
}


def find_source(product: str) -> Source:
    """Return the source of an integration by its `zendesk_product`."""
    return _SOURCES[ZendeskProduct(product)]


def read_visitor_id(text: str, *, products: Iterable[str]) -> str:
    """Return a visitor ID of one of `products`, of any where none is given, as it is stored; "" where it can be none.

    No two products have IDs of the same form.
    """
    sources = {find_source(product) for product in products} or _SOURCES.values()
    return next((visitor_id for source in sources if (visitor_id := source.read_visitor_id(text))), "")

"""Opens the panel: judges the token of a start, lets it count once in all processes, and gives out a pass."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.db import Error as StoreError

from linking.core.config import IntegrationConfig
from linking.models import PanelStart
from linking.panel.passes import issue_pass
from linking.panel.signed_start import LEEWAY_S, SignedStart, StartReason, StartRefused, verify_start

# A token is believed until `LEEWAY_S` after its end; the rest is for machines whose clocks differ.
KEPT_AFTER_END = timedelta(seconds=2 * LEEWAY_S)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPanel:
    """A panel that opens: the text of its first pass, and the `location` of the app, "" for an unknown one."""

    pass_text: str
    location: str


def open_panel(*, config: IntegrationConfig, token: str, now: datetime) -> OpenPanel:
    """Return the panel that `token` opens. Each token counts once.

    Raises: StartRefused.
    """
    if not config.is_enabled:
        raise StartRefused(StartReason.SWITCHED_OFF)
    if not config.zendesk_app_public_key or not config.zendesk_app_audience:
        raise StartRefused(StartReason.NO_KEY)
    start = verify_start(
        token=token,
        public_key=config.zendesk_app_public_key,
        audience=config.zendesk_app_audience,
        issuer=f"{config.zendesk_subdomain}.zendesk.com",
        now=now.timestamp(),
    )
    try:
        _take_once(start, integration_id=config.integration_id, now=now)
    except StoreError as error:
        raise StartRefused(StartReason.UNAVAILABLE) from error
    first, text = issue_pass(config=config, agent=start.agent, now=now.timestamp())
    # Enough to tell one agent's look-ups from another's, and nobody's name.
    logger.info("panel opened: %s, start %s, agent %s", config.slug, first.start, first.agent or "unknown")
    return OpenPanel(pass_text=text, location=start.location)


def _take_once(start: SignedStart, *, integration_id: int, now: datetime) -> None:
    """Note the token, and drop those that are too old to be believed again. Raises: StartRefused, StoreError."""
    ends_at = datetime.fromtimestamp(start.ends_epoch_s, tz=UTC)
    mark = sha256(start.token_id.encode("utf-8", "surrogatepass")).hexdigest()
    PanelStart.objects.filter(forget_at__lt=now).delete()
    # Of two at the same moment one waits for the other here, and then finds the row.
    _row, is_mine = PanelStart.objects.get_or_create(
        integration_id=integration_id, mark=mark, defaults={"forget_at": ends_at + KEPT_AFTER_END}
    )
    if not is_mine:
        raise StartRefused(StartReason.REPLAYED)

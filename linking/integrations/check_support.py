"""Tries Zendesk Support for an account on Messaging, one check each: grant, owner, role, export, an issued ID.

It makes the four calls that the fact sheet of Messaging accounts recommends (section 12).
"""

from contextlib import closing
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from linking.clients.zendesk_api import ZendeskError, ZendeskRefused
from linking.clients.zendesk_support import YOUNGEST_START_S, SupportClient
from linking.core.config import IntegrationConfig
from linking.integrations.check_zendesk import Check, build_bad, build_good
from linking.models import LoginUser
from linking.sync import Clock, PassStopped, fetch_token

ADMIN = "admin"


def check_support(
    *, config: IntegrationConfig, is_wanted: bool, allow_loopback: bool, now: datetime
) -> tuple[list[Check], datetime | None]:
    """Return the checks, each after those it depends on, and the time at Zendesk, None if unknown."""
    if not is_wanted and not config.zendesk_client_id:
        return [build_good("zendesk_client", _("Not checked: the sync reads nothing, and no client is set."))], None
    clock = Clock(now=lambda: now, sleep=lambda _seconds: None)
    try:
        config = replace(config, zendesk_access_token=fetch_token.fetch_anew(
            config, clock=clock, allow_loopback=allow_loopback
        ))  # fmt: skip
        client = SupportClient(
            base_url=config.zendesk_api_url,
            access_token=config.zendesk_access_token,
            allow_loopback=allow_loopback,
        )
    except (PassStopped, ZendeskRefused) as error:
        return [build_bad("zendesk_client", str(error))], None
    granted = build_good("zendesk_client", _("Zendesk gives the OAuth client an access token."))
    with closing(client):
        try:
            owner = client.token_owner()
        except ZendeskError as error:
            return [granted, build_bad("zendesk_owner", str(error))], None
        checks = [granted, _judge_owner(owner.user_id), _judge_role(owner.role), _try_export(client, now=now)]
        return [*checks, _find_player(client, config=config)], owner.answered_at


def check_client(*, config: IntegrationConfig, allow_loopback: bool) -> Check:
    """Return whether Zendesk gives the OAuth client an access token, which is not kept; one call."""
    try:
        fetch_token.ask_for_token(config, allow_loopback=allow_loopback)
    except (PassStopped, ZendeskRefused) as error:
        return build_bad("zendesk_client", str(error))
    return build_good("zendesk_client", _("Zendesk gives the OAuth client an access token."))


def _judge_owner(user_id: str) -> Check:
    if not user_id:
        return build_bad(
            "zendesk_owner",
            _("Zendesk treats the access token as anonymous. Create a new OAuth client as an admin."),
        )
    return build_good(
        "zendesk_owner", _("The access token acts as the Zendesk user %(user_id)s.") % {"user_id": user_id}
    )


def _judge_role(role: str) -> Check:
    if role != ADMIN:
        return build_bad(
            "zendesk_role",
            _("The person who created the OAuth client is not an admin. Create the client as an admin."),
        )
    return build_good("zendesk_role", _("The person who created the OAuth client is an admin."))


def _try_export(client: SupportClient, *, now: datetime) -> Check:
    try:
        client.try_export(start_epoch_s=int(now.timestamp()) - YOUNGEST_START_S)
    except ZendeskRefused:
        return build_bad(
            "zendesk_export",
            _("Zendesk refuses the export of users. It needs an admin's OAuth client with the scope read."),
        )
    except ZendeskError as error:
        return build_bad("zendesk_export", _("%(why)s Try again later.") % {"why": error})
    return build_good("zendesk_export", _("Users can be exported."))


def _find_player(client: SupportClient, *, config: IntegrationConfig) -> Check:
    name = "zendesk_player"
    issued = LoginUser.objects.filter(integration_id=config.integration_id).issued()
    user_id = issued.order_by("-last_authenticated_at", "-pk").values_list("user_id", flat=True).first()
    if user_id is None:
        return build_good(name, _("Not checked: no player got a token yet."))
    try:
        users = client.show_users(external_ids=[user_id])
    except ZendeskError as error:
        return build_bad(name, _("%(why)s Try again later.") % {"why": error})
    if not users:
        return build_good(
            name,
            _("The player who got the last token is not in Zendesk yet. The first ticket adds the player."),
        )
    return build_good(name, _("Zendesk finds the player who got the last token by the user ID."))

"""The shapes of the JSON API: records out, e-mail and phone masked for those who may not see them."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from linking.core.config import ZendeskProduct
from linking.core.masking import mask_email, mask_id, mask_phone, mask_text
from linking.core.trust import Trust
from linking.models import VISITOR_STATE_CHOICES

TRUST_HELP = (
    "proven: a token was signed for the user before Zendesk last confirmed the link; claimed: none was; disputed: a "
    "conflict about the visitor is open, which wins; empty where nobody is linked."
)
SOURCES = [product.value for product in ZendeskProduct]
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class UTCField(serializers.DateTimeField):
    """A moment as ISO 8601 in UTC with a `Z`; the fraction is left out where there is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=None, **options)

    def to_representation(self, value: datetime) -> str:
        """Return `2026-11-22T12:00:00Z`. The store keeps UTC, so nothing is converted."""
        return value.strftime(TIME_FORMAT).replace(".000000Z", "Z")


class MaskedField(serializers.CharField):
    """Text that only leads and admins see whole."""

    def __init__(self, *, mask: Any, **options: Any) -> None:
        self._mask = mask
        super().__init__(**options)

    def to_representation(self, value: Any) -> str:
        """Return the text, masked unless the caller may see it."""
        return str(value) if self.context.get("can_see_contact") else self._mask(str(value))


class TrustField(serializers.ChoiceField):
    """One word for how far a link may be trusted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[word.value for word in Trust], help_text=TRUST_HELP, **options)

    def to_representation(self, value: Any) -> str:
        """Return the word."""
        return str(value)


class LinkSerializer(serializers.Serializer[Any]):
    """The open link of a visitor: which Login user it is, and since when we know."""

    user_id = MaskedField(source="login_user.user_id", mask=mask_id)
    verified = serializers.BooleanField(source="login_user.is_verified", help_text="A token was issued to this user.")
    email = MaskedField(source="login_user.email", mask=mask_email)
    name = MaskedField(source="login_user.name", mask=mask_text)
    first_seen_at = UTCField()
    last_confirmed_at = UTCField()


class VisitorSerializer(serializers.Serializer[Any]):
    """A visitor of Zendesk Chat, or an end user of a Messaging account, with its open link, null without one."""

    integration = serializers.SlugField(source="integration.slug")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        source="integration.zendesk_product", choices=SOURCES, help_text="The Zendesk product that has the visitor."
    )
    visitor_id = serializers.CharField(help_text="Canonical: of Chat in the dot form, of Messaging the user's number.")
    user_id = serializers.SerializerMethodField(help_text="The linked Login user's ID, null without a link.")
    state = serializers.ChoiceField(choices=VISITOR_STATE_CHOICES)
    trust = serializers.SerializerMethodField(help_text=TRUST_HELP)
    name = MaskedField(mask=mask_text)
    email = MaskedField(mask=mask_email)
    phone = MaskedField(mask=mask_phone)
    is_banned = serializers.BooleanField()
    created_at = UTCField(allow_null=True)
    first_seen_at = UTCField()
    last_seen_at = UTCField()
    checked_at = UTCField(allow_null=True, help_text="When Zendesk was last asked for this visitor.")
    gone_at = UTCField(allow_null=True)
    chats = serializers.SerializerMethodField(
        help_text="How many chats are stored; null for Messaging, of which none are."
    )
    last_chat_at = serializers.SerializerMethodField(help_text="When the last of these began, null without one.")
    link = serializers.SerializerMethodField()

    def get_user_id(self, visitor: Any) -> str | None:
        """Return the linked user's ID."""
        user_id = next((link.login_user.user_id for link in visitor.open_links), None)
        return user_id if user_id is None or self.context.get("can_see_contact") else mask_id(user_id)

    def get_chats(self, visitor: Any) -> int | None:
        """Return how many chats of the visitor are stored; the context has `chats` by the visitors' keys."""
        if visitor.integration.zendesk_product != ZendeskProduct.CHAT:
            return None
        found = self.context["chats"].get(visitor.pk)
        return found.number if found else 0

    @extend_schema_field(UTCField(allow_null=True))
    def get_last_chat_at(self, visitor: Any) -> str | None:
        """Return when the visitor's last chat began."""
        found = self.context["chats"].get(visitor.pk)
        return UTCField().to_representation(found.last_at) if found else None

    @extend_schema_field(TrustField())
    def get_trust(self, visitor: Any) -> str:
        """Return how far the open link may be trusted."""
        return str(next((link.trust for link in visitor.open_links), Trust.NONE))

    @extend_schema_field(LinkSerializer(allow_null=True))
    def get_link(self, visitor: Any) -> dict[str, Any] | None:
        """Return the open link."""
        link = next(iter(visitor.open_links), None)
        return None if link is None else LinkSerializer(link, context=self.context).data


class LinkedVisitorSerializer(serializers.Serializer[Any]):
    """One visitor of a Login user, in whichever integration of the Login project."""

    integration = serializers.SlugField(source="visitor.integration.slug")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        source="visitor.integration.zendesk_product", choices=SOURCES
    )
    visitor_id = serializers.CharField(source="visitor.visitor_id")
    state = serializers.ChoiceField(source="visitor.state", choices=VISITOR_STATE_CHOICES)
    trust = TrustField()
    name = MaskedField(source="visitor.name", mask=mask_text)
    email = MaskedField(source="visitor.email", mask=mask_email)
    phone = MaskedField(source="visitor.phone", mask=mask_phone)
    last_seen_at = UTCField(source="visitor.last_seen_at")
    first_linked_at = UTCField(source="first_seen_at")
    last_confirmed_at = UTCField()


class LoginUserSerializer(serializers.Serializer[Any]):
    """A Login user with all visitors linked to it now, the one seen last first."""

    integration = serializers.SlugField(source="integration.slug")
    user_id = MaskedField(mask=mask_id)
    email = MaskedField(mask=mask_email)
    name = MaskedField(mask=mask_text)
    verified = serializers.BooleanField(source="is_verified", help_text="A token was issued to this user.")
    trust = TrustField()
    first_authenticated_at = UTCField(allow_null=True)
    last_authenticated_at = UTCField(allow_null=True)
    tokens_issued = serializers.IntegerField()
    labels = serializers.ListField(child=serializers.CharField(), help_text="Names of the labels that support put on.")
    visitors = LinkedVisitorSerializer(source="open_links", many=True)
    visitors_next = serializers.CharField(allow_null=True, help_text="Where the visitors go on, beyond 500; or null.")


class CountsSerializer(serializers.Serializer[Any]):
    """Rows of one integration."""

    visitors = serializers.IntegerField()
    linked = serializers.IntegerField()
    anonymous = serializers.IntegerField()
    pending = serializers.IntegerField()
    gone = serializers.IntegerField()
    waiting_lookups = serializers.IntegerField()
    users = serializers.IntegerField()
    waiting_users = serializers.IntegerField()
    open_conflicts = serializers.IntegerField()
    counted_at = UTCField(
        allow_null=True, help_text="When the worker counted them; null where they were counted for this answer."
    )


class IntegrationSerializer(serializers.Serializer[Any]):
    """How an integration stands; nothing of its secrets."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    state = serializers.CharField(source="standing", help_text="fresh, stale, never_synced, sync_off, blocked, …")
    blocked_reason = serializers.CharField(allow_blank=True)
    is_running = serializers.BooleanField()
    last_success_at = UTCField(allow_null=True)
    lag_s = serializers.IntegerField(allow_null=True, help_text="Age of the last complete pass in seconds.")
    counts = CountsSerializer()


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh that was queued, or is done where the visitor was not known before."""

    visitor_id = serializers.CharField()
    queued = serializers.BooleanField()


class WaitingSerializer(RefreshSerializer):
    """A visitor that is not known here, and that Zendesk is asked about as soon as that is possible."""

    detail = serializers.CharField(help_text="Why there is no answer yet.")


class ErrorSerializer(serializers.Serializer[Any]):
    """What was wrong, in a sentence."""

    detail = serializers.CharField()

"""How far an integration has come: the rows that show its set-up works, for the set-up pages."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from linking.models import AuditEvent, Integration, Visitor
from linking.monitoring import row_counts
from linking.tokens import answer_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupProgress:
    """When each step was first done, None where it was not or no row says when."""

    origins_set_at: datetime | None
    token_asked_at: datetime | None
    token_issued_at: datetime | None
    has_visitor: bool
    linked_at: datetime | None


def load_progress(integration: Integration) -> SetupProgress:
    """Return what the tables show, in five queries."""
    # The record of changes names the settings that each change touched.
    changes = AuditEvent.objects.filter(target=integration.slug, fields__icontains='"allowed_origins"').order_by()
    firsts = row_counts.find_firsts(integration_id=integration.pk)
    return SetupProgress(
        origins_set_at=changes.aggregate(at=Max("at"))["at"],
        token_asked_at=answer_counts.first_asked_at(integration_id=integration.pk),
        token_issued_at=firsts.token_at,
        has_visitor=Visitor.objects.filter(integration=integration).exists(),
        linked_at=firsts.link_at,
    )


def list_integrations() -> list[Integration]:
    """Return every integration, by name."""
    return list(Integration.objects.all())


def find_integration(*, slug: str) -> Integration | None:
    """Return one integration, None where there is none of this slug."""
    return Integration.objects.filter(slug=slug).first()

"""The way of a player from the token to the link, for the player's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from linking.dashboard.shell.parts import Badge, Text
from linking.dashboard.shell.sources import name_source
from linking.doctor import PlayerWalk, StepState, WalkStep

_STATES: Mapping[StepState, Badge] = {
    StepState.DONE: Badge(word=_("Done"), icon="check", tone="quiet"),
    StepState.UNKNOWN: Badge(word=_("Not known"), icon="circle-dashed", tone="quiet"),
    StepState.STOPPED: Badge(word=_("Stopped"), icon="alert-circle", tone="warn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkPanel:
    """The way of a player in one integration, whose name is "" where the player is in no other.

    `steps` are pairs of a step and its state as the page shows it.
    """

    key: str
    integration: str
    source: Text
    is_linked: bool
    steps: tuple[tuple[WalkStep, Badge], ...]


def build_walk_panels(walks: Sequence[PlayerWalk]) -> tuple[WalkPanel, ...]:
    """Return the panels of a player, those without a link first."""
    has_several = len(walks) > 1
    panels = (
        WalkPanel(
            key=f"walk-{walk.player.pk}",
            integration=walk.player.integration.name if has_several else "",
            source=name_source(walk.player.integration.zendesk_product),
            is_linked=walk.is_linked,
            steps=tuple((step, _STATES[step.state]) for step in walk.steps),
        )
        for walk in walks
    )
    return tuple(sorted(panels, key=lambda panel: panel.is_linked))

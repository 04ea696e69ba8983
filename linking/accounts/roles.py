"""Who may see and do what: three ranks of people who work with records, and beside them the people who wire a widget.

`agents` see visitors, users and runs, and refresh one record, with e-mail and phone masked. `leads` also see them
unmasked, export and decide conflicts. `admins` also keep integrations, secrets, API tokens and people, in the admin. A
superuser counts as one of `admins`. `developers` is no rank: its members use the set-up pages, the token doctor and the
codes, as every rank may, and see no record unless another group of theirs lets them. Nobody reads a secret back.

Views ask a function of this module what a person may do; only this module compares ranks and names groups.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission
from django.db.models import Q
from django.db.models.signals import post_migrate

AGENTS, LEADS, ADMINS, DEVELOPERS = "agents", "leads", "admins", "developers"
GROUPS = (AGENTS, LEADS, ADMINS, DEVELOPERS)
User = AbstractBaseUser | AnonymousUser
PEOPLE_MAX = 200

# What `admins` may do in the admin, as Django's own permissions: by app and model, the verbs.
_MACHINE_WRITTEN = (
    "alarmmessage", "answercount", "auditevent", "clockoffset", "conflict", "conflictdecision", "conflictflag",
    "conflictnotice", "decisionbatch", "heartbeat", "incident", "lease", "loginuser", "quarantined", "requestslot",
    "syncrun", "syncsteering", "visitor", "visitoralias", "visitorlink", "webhookdelivery",
)  # fmt: skip
ADMIN_PERMISSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "linking": {
        "integration": ("view", "add", "change", "delete"),
        "alarmsettings": ("view", "change"),
        "apitoken": ("view", "add", "delete"),
        "blockeduser": ("view", "add", "delete"),
    }
    | dict.fromkeys(_MACHINE_WRITTEN, ("view",)),
    # Kept by allauth as its people change their own addresses.
    "account": {"emailaddress": ("view",)},
    "auth": {"user": ("view", "add", "change", "delete"), "group": ("view",)},
    # A person who lost the second factor needs somebody who can remove it.
    "mfa": {"authenticator": ("view", "delete")},
}


class Role(IntEnum):
    """The ranks in order; a higher one may do everything a lower one may. Developers without a rank have `NONE`."""

    NONE = 0
    AGENT = 1
    LEAD = 2
    ADMIN = 3


class FactorStep(StrEnum):
    """What an admin has to do about a second factor."""

    NONE = ""
    SET_UP = "set_up"
    SHOW = "show"


# allauth's word in its records, and what it asks for at sign-in. Recovery codes stand in for one of them.
FACTOR_METHOD = "mfa"
# Ours, where the issuer at which people sign in says that it has asked for a second factor.
ISSUER_FACTOR_METHOD = "issuer_mfa"
_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
_RANK_OF_GROUP = {AGENTS: Role.AGENT, LEADS: Role.LEAD, ADMINS: Role.ADMIN}
_REMEMBERED = "_linking_groups"


def find_role(user: User) -> Role:
    """Return the highest rank of `user`; at most one query a request."""
    return max((_RANK_OF_GROUP[name] for name in _find_groups(user) if name in _RANK_OF_GROUP), default=Role.NONE)


def is_developer(user: User) -> bool:
    """Return whether `user` is one of `developers`, whatever else."""
    return DEVELOPERS in _find_groups(user)


def can_use_setup(user: User) -> bool:
    """Return whether `user` may open the set-up pages and the codes, and use the token doctor."""
    return bool(_find_groups(user))


def can_see_pages(user: User) -> bool:
    """Return whether `user` may see records: visitors, users and runs."""
    return find_role(user) >= Role.AGENT


def can_refresh(user: User) -> bool:
    """Return whether `user` may have one record read again."""
    return find_role(user) >= Role.AGENT


def can_see_contact(user: User) -> bool:
    """Return whether `user` sees e-mail addresses and phone numbers unmasked."""
    return find_role(user) >= Role.LEAD


def can_export(user: User) -> bool:
    """Return whether `user` may export records."""
    return find_role(user) >= Role.LEAD


def can_share_views(user: User) -> bool:
    """Return whether `user` may give everybody a saved view of the list."""
    return find_role(user) >= Role.LEAD


def can_decide(user: User) -> bool:
    """Return whether `user` may decide conflicts."""
    return find_role(user) >= Role.LEAD


def can_write_notes(user: User) -> bool:
    """Return whether `user` may write notes on players and put labels on them."""
    return find_role(user) >= Role.AGENT


def can_keep_labels(user: User) -> bool:
    """Return whether `user` may add, rename and remove the labels of the house."""
    return find_role(user) >= Role.LEAD


def list_deciders() -> list[Any]:
    """Return the active people who may decide conflicts, by user name; at most `PEOPLE_MAX`."""
    may_decide = Q(groups__name__in=(LEADS, ADMINS)) | Q(is_superuser=True)
    people = get_user_model().objects.filter(may_decide, is_active=True).distinct()
    return list(people.order_by("username")[:PEOPLE_MAX])


def is_admin(user: User) -> bool:
    """Return whether `user` keeps integrations, secrets, API tokens and people."""
    return find_role(user) >= Role.ADMIN


def find_factor_step(user: User, *, records: Sequence[Mapping[str, Any]], groups: Collection[str]) -> FactorStep:
    """Return what `user`, if in one of `groups`, has to do about a second factor before anything else.

    `records` are the ways this person authenticated in this session, as allauth keeps them. A session can be without
    the second factor when it is older than the factor, or than the operator's wish for one. `groups` are those of
    `ZDBRIDGE_REQUIRE_MFA`.
    """
    if not groups or _find_groups(user).isdisjoint(groups):
        return FactorStep.NONE
    methods = {record.get("method") for record in records}
    if is_mfa_enabled(user, types=_FACTORS):
        return FactorStep.NONE if FACTOR_METHOD in methods else FactorStep.SHOW
    return FactorStep.NONE if ISSUER_FACTOR_METHOD in methods else FactorStep.SET_UP


def make_groups() -> None:
    """Create the groups that are missing and give `admins` its permissions; what an operator added stays."""
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in GROUPS}
    groups[ADMINS].permissions.add(*_admin_permissions())


def connect() -> None:
    """Make the groups after every migrate."""
    post_migrate.connect(
        _after_migrate, sender=apps.get_app_config("linking"), dispatch_uid="linking.accounts.roles.groups"
    )


def _find_groups(user: Any) -> frozenset[str]:
    """Return the groups of `user` that mean something here; one query, remembered on the object, so for one request."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    remembered: frozenset[str] | None = getattr(user, _REMEMBERED, None)
    if remembered is None:
        remembered = _read_groups(user)
        setattr(user, _REMEMBERED, remembered)
    return remembered


def _read_groups(user: Any) -> frozenset[str]:
    if user.is_superuser:
        return frozenset((ADMINS,))
    return frozenset(user.groups.filter(name__in=GROUPS).values_list("name", flat=True))


def _admin_permissions() -> list[Permission]:
    wanted = Q(pk__in=())
    for app_label, models in ADMIN_PERMISSIONS.items():
        # The permissions of an app are made after its own migrate, which may come later than ours.
        create_permissions(apps.get_app_config(app_label), verbosity=0)
        for model, verbs in models.items():
            codenames = [f"{verb}_{model}" for verb in verbs]
            wanted |= Q(content_type__app_label=app_label, content_type__model=model, codename__in=codenames)
    return list(Permission.objects.filter(wanted))


def _after_migrate(**_kwargs: Any) -> None:
    make_groups()

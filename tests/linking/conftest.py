"""The fixed cast: an admin, a lead, an agent, a developer, an outsider without a group, and nobody."""

from collections.abc import Sequence

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from linking.accounts import api_tokens

GROUP_OF = {"admin": "admins", "lead": "leads", "agent": "agents", "developer": "developers", "outsider": ""}


def make_person(name: str, groups: Sequence[str] | None = None, **changes):
    """Make one of the cast, or somebody else in `groups`, with a password."""
    person = get_user_model().objects.create_user(name, password="a long password of theirs", **changes)
    for group in [GROUP_OF[name]] if groups is None and GROUP_OF.get(name) else groups or ():
        person.groups.add(Group.objects.get_or_create(name=group)[0])
    return person


def make_key(person, *scopes: str, name: str = "script") -> str:
    """Make an API token of `person` and return its key."""
    made = api_tokens.make_token(user=person, name=name, scopes=scopes, days=90, by=person, now=timezone.now())
    return made.key


@pytest.fixture
def sign_in(db):
    """A browser signed in as one of the cast."""

    def signed_in(name: str) -> Client:
        browser = Client()
        if name != "nobody":
            browser.force_login(make_person(name))
        return browser

    return signed_in


@pytest.fixture
def lead(sign_in):
    return sign_in("lead")


@pytest.fixture
def agent(sign_in):
    return sign_in("agent")


@pytest.fixture
def developer(sign_in):
    return sign_in("developer")

"""The fixed cast: an admin, a lead, an agent, an outsider without a group, and nobody."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

GROUP_OF = {"admin": "admins", "lead": "leads", "agent": "agents", "outsider": ""}


def make_person(name: str, **changes):
    person = get_user_model().objects.create_user(name, password="a long password of theirs", **changes)
    if GROUP_OF.get(name):
        person.groups.add(Group.objects.get_or_create(name=GROUP_OF[name])[0])
    return person


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

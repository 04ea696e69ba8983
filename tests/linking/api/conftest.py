import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from linking.api.access import PerPerson
from linking.limits import Limiter
from tests.linking.conftest import make_key


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(PerPerson, "_limiter", Limiter(per_minute=1200))


@pytest.fixture
def person(db):
    def make(group: str) -> User:
        user = User.objects.create_user(username=f"one-of-{group or 'nobody'}", password="pw")
        user.groups.set(Group.objects.filter(name=group))
        return user

    return make


@pytest.fixture
def signed_in(person):
    """A client signed in as a member of a group ("" for none)."""

    def make(group: str) -> APIClient:
        client = APIClient(raise_request_exception=True)
        client.force_login(person(group))
        return client

    return make


@pytest.fixture
def with_token(person):
    """A client that sends the API token of a member of a group, with these scopes."""

    def make(group: str, *scopes: str) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {make_key(person(group), *scopes or ('read',))}")
        return client

    return make

"""When the front's answer can be given where a request comes in, because it waits for nothing."""

import pytest
from django.http import HttpResponse

from linking import registry
from linking.api.front import TokenFront
from tests.factories import make_integration
from tests.linking.api.wsgi_client import environ_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def front():
    return TokenFront(application=lambda *_: HttpResponse(), is_direct=True, allowed_hosts=["testserver"])


class TestIsPrompt:
    def test_once_the_configuration_is_known(self, front):
        make_integration()
        registry.refresh()
        assert front.is_prompt()

    def test_not_before_the_database_was_read(self, front):
        registry.forget()
        assert not front.is_prompt()

    @pytest.mark.parametrize(("is_enabled", "is_prompt"), [(True, False), (False, True)])
    def test_not_where_a_token_may_wait_for_login(self, front, is_enabled, is_prompt):
        make_integration(email_lookup=True, enabled=is_enabled)
        registry.refresh()
        assert front.is_prompt() is is_prompt


class TestIsAsked:
    @pytest.mark.parametrize("path", ["/generate/token", "/generate/token/acme", "/generate/token/a/"])
    def test_for_its_path_and_all_below(self, front, path):
        assert front.is_asked(environ_of(target=path))

    @pytest.mark.parametrize("path", ["/", "/generate/tokens", "/generate", "//generate/token", "/Generate/token"])
    def test_for_no_neighbour(self, front, path):
        assert not front.is_asked(environ_of(target=path))

    def test_for_no_other_host(self, front):
        assert not front.is_asked(environ_of(headers=(("Host", "other.example"),)))

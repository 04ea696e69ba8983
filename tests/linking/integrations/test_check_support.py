"""`integration check` of an account on Messaging, a line a fact, against the imitated Support account."""

from datetime import UTC, datetime

import pytest

from linking import registry
from linking.integrations.check_support import check_support
from linking.models import SupportToken
from tests.linking.sync.messaging.fake_support import make_issued
from tests.linking.sync.messaging.test_run_with_sandbox import make_acme
from tests.sandbox_process import sandbox_process

pytestmark = pytest.mark.django_db
USER_ID = "0f0f0f0f-1111-4222-8333-444444444444"
ADMIN_ID = 21478830000001


@pytest.fixture(scope="module")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def sandbox(process):
    process.control("reset", empty=True)
    process.control("support", account_limit=0, sample_limit=0, hold_back_s=0)
    return process


def check(row, *, is_wanted=True):
    config, _problems = registry.config_of(row)
    found, at = check_support(config=config, is_wanted=is_wanted, allow_loopback=True, now=datetime.now(tz=UTC))
    return {one.name: one for one in found}, at


class TestCheckSupport:
    def test_says_what_works(self, sandbox):
        found, at = check(make_acme(sandbox))
        assert list(found) == ["zendesk_client", "zendesk_owner", "zendesk_role", "zendesk_export", "zendesk_player"]
        assert (all(one.is_ok for one in found.values()), abs((datetime.now(tz=UTC) - at).total_seconds()) < 5) == (
            True, True,
        )  # fmt: skip
        assert str(ADMIN_ID) in found["zendesk_owner"].sentence

    def test_keeps_the_token_for_the_sync(self, sandbox):
        check(make_acme(sandbox))
        assert SupportToken.objects.get().reveal()

    def test_never_shows_the_token(self, sandbox):
        found, _at = check(make_acme(sandbox))
        token = SupportToken.objects.get().reveal()
        assert token not in " ".join(one.sentence for one in found.values())

    def test_looks_for_the_player_who_got_the_last_token(self, sandbox):
        acme = make_acme(sandbox)
        make_issued(acme, USER_ID, at=datetime.now(tz=UTC))
        assert "not in Zendesk yet" in check(acme)[0]["zendesk_player"].sentence
        sandbox.control("support/users", external_id=USER_ID)
        assert "finds the player" in check(acme)[0]["zendesk_player"].sentence

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"zendesk_client_id": "sandbox-support-public-client"}, "confidential client"),
            ({"secrets": {"zendesk_client_secret": "a-wrong-secret-of-many-letters"}}, "confidential client"),
            ({"zendesk_client_id": ""}, "not set"),
            ({"zendesk_api_url": "http://127.0.0.1:1/api/v2"}, "connection"),
        ],
    )
    def test_says_why_no_token_comes(self, sandbox, changes, words):
        found, at = check(make_acme(sandbox, **changes))
        assert (list(found), found["zendesk_client"].is_ok, at) == (["zendesk_client"], False, None)
        assert words in found["zendesk_client"].sentence

    def test_tells_an_anonymous_answer_from_an_admin(self, sandbox):
        sandbox.control("support", bad_token_at_me="anonymous", token_calls=0)
        acme = make_acme(sandbox)
        sandbox.control("faults", path="^/support/api/v2/users/me", kind="status", status=401, times=1)
        found, _at = check(acme)
        assert not found["zendesk_owner"].is_ok

    def test_says_that_the_owner_is_no_admin_any_more(self, sandbox):
        sandbox.control("support/users", id=ADMIN_ID, role="agent")
        found, _at = check(make_acme(sandbox))
        assert [found["zendesk_role"].is_ok, found["zendesk_export"].is_ok] == [False, False]
        assert "admin" in found["zendesk_export"].sentence

    def test_tries_nothing_where_nothing_is_to_be_read(self, sandbox):
        found, _at = check(make_acme(sandbox, zendesk_client_id=""), is_wanted=False)
        assert (list(found), found["zendesk_client"].is_ok) == (["zendesk_client"], True)

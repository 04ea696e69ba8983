import threading
from datetime import timedelta

import pytest
from django.db import connection

from linking.models import PanelStart
from linking.panel import StartReason, StartRefused, open_panel, read_pass
from tests.factories import NOW, make_config, make_integration
from tests.linking.panel.zendesk import set_up_app, sign_start

NOW_S = NOW.timestamp()


@pytest.fixture
def acme(db):
    return make_config(integration_id=make_integration().pk, **set_up_app())


def open_(config, token, *, now=NOW):
    return open_panel(config=config, token=token, now=now)


def reason(config, token, *, now=NOW):
    with pytest.raises(StartRefused) as raised:
        open_(config, token, now=now)
    return raised.value.reason


class TestOpenPanel:
    def test_gives_out_a_pass(self, acme):
        opened = open_(acme, sign_start(now=NOW_S))
        assert opened.location == "ticket_sidebar"
        assert read_pass(opened.pass_text, config=acme, now=NOW_S)

    def test_counts_a_token_once(self, acme):
        token = sign_start(now=NOW_S)
        open_(acme, token)
        assert reason(acme, token) is StartReason.REPLAYED

    def test_counts_an_id_once_however_it_is_signed(self, acme):
        open_(acme, sign_start(now=NOW_S, jti="one"))
        assert reason(acme, sign_start(now=NOW_S, jti="one", qsh="other")) is StartReason.REPLAYED

    def test_lets_two_integrations_have_the_same_id(self, acme):
        other = make_config(integration_id=make_integration(slug="other").pk, slug="other", **set_up_app())
        open_(acme, sign_start(now=NOW_S, jti="one"))
        assert open_(other, sign_start(now=NOW_S, jti="one"))

    def test_stores_nothing_that_names_the_token(self, acme):
        open_(acme, sign_start(now=NOW_S, jti="one"))
        assert "one" not in PanelStart.objects.get().mark

    def test_keeps_a_token_for_as_long_as_it_could_be_believed(self, acme):
        token = sign_start(now=NOW_S)
        open_(acme, token)
        open_(acme, sign_start(now=NOW_S + 359), now=NOW + timedelta(seconds=359))
        assert reason(acme, token, now=NOW + timedelta(seconds=359)) is StartReason.REPLAYED

    def test_forgets_tokens_that_have_ended(self, acme):
        open_(acme, sign_start(now=NOW_S))
        open_(acme, sign_start(now=NOW_S + 3600), now=NOW + timedelta(hours=1))
        assert PanelStart.objects.count() == 1

    def test_keeps_nothing_of_a_token_that_is_refused(self, acme):
        reason(acme, sign_start(now=NOW_S, key="foreign"))
        assert not PanelStart.objects.exists()

    @pytest.mark.parametrize("missing", ["zendesk_app_public_key", "zendesk_app_audience"])
    def test_needs_the_key_and_the_installation(self, missing):
        config = make_config(**set_up_app(**{missing: ""}))
        assert reason(config, sign_start(now=NOW_S)) is StartReason.NO_KEY

    def test_opens_nothing_that_is_switched_off(self):
        assert reason(make_config(is_enabled=False, **set_up_app()), "x") is StartReason.SWITCHED_OFF


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_only_one_of_many_opens(self):
        """Web processes share the database and nothing else, as these threads do."""
        config = make_config(integration_id=make_integration().pk, **set_up_app())
        token, outcomes, gate = sign_start(now=NOW_S), [], threading.Barrier(6)

        def start():
            gate.wait()
            try:
                open_(config, token)
                outcomes.append("open")
            except StartRefused as refused:
                outcomes.append(refused.reason.value)
            finally:
                connection.close()

        threads = [threading.Thread(target=start) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["open"] + ["replayed"] * 5

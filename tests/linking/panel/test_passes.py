from dataclasses import replace

import pytest
from django.core import signing

from linking.panel.passes import PASS_LIFE, PassFlaw, PassRefused, issue_pass, read_pass, renew_pass
from tests.factories import make_config
from tests.linking.panel.zendesk import set_up_app

NOW = 1_790_000_000.0
LIFE_S = PASS_LIFE.total_seconds()
ACME = make_config(**set_up_app())


def flaw(text, *, config=ACME, now=NOW):
    with pytest.raises(PassRefused) as raised:
        read_pass(text, config=config, now=now)
    return raised.value.flaw


class TestPass:
    def test_is_read_back(self):
        first, text = issue_pass(config=ACME, agent="agent 7", now=NOW)
        assert read_pass(text, config=ACME, now=NOW) == first

    def test_names_no_agent(self):
        _first, text = issue_pass(config=ACME, agent="https://acme.zendesk.com/api/v2/users/7.json", now=NOW)
        assert "zendesk.com" not in str(signing.Signer(salt="linking.panel.pass").unsign_object(text))

    def test_lives_for_ten_minutes(self):
        _first, text = issue_pass(config=ACME, agent="", now=NOW)
        assert read_pass(text, config=ACME, now=NOW + LIFE_S - 1)
        assert flaw(text, now=NOW + LIFE_S) is PassFlaw.EXPIRED

    def test_of_a_machine_whose_clock_is_far_ahead_is_refused(self):
        _first, text = issue_pass(config=ACME, agent="", now=NOW)
        assert flaw(text, now=NOW - 61) is PassFlaw.EXPIRED

    @pytest.mark.parametrize(
        "changes",
        [
            {"integration_id": 2},
            {"slug": "other"},
            {"is_enabled": False},
            {"zendesk_app_audience": "https://acme.zendesk.com/api/v2/apps/installations/5002.json"},
            {"zendesk_app_public_key": ""},
        ],
    )
    def test_is_for_this_integration_and_this_app_only(self, changes):
        _first, text = issue_pass(config=ACME, agent="", now=NOW)
        assert flaw(text, config=replace(ACME, **changes)) is PassFlaw.INVALID

    @pytest.mark.parametrize("spoil", [lambda text: text[:-1], lambda text: "x" + text, lambda text: "é" + text])
    def test_that_was_changed_is_refused(self, spoil):
        _first, text = issue_pass(config=ACME, agent="", now=NOW)
        assert flaw(spoil(text)) is PassFlaw.INVALID

    def test_of_another_purpose_is_refused(self):
        text = signing.Signer(salt="another").sign_object({"app": "x"})
        assert flaw(text) is PassFlaw.INVALID

    @pytest.mark.parametrize(("text", "expected"), [("", PassFlaw.MISSING), ("x" * 5000, PassFlaw.INVALID)])
    def test_must_be_one(self, text, expected):
        assert flaw(text) is expected

    def test_of_an_unknown_integration_is_refused(self):
        assert flaw("text", config=None) is PassFlaw.INVALID


class TestRenewPass:
    def test_gives_ten_minutes_more_to_the_same_panel(self):
        first, _text = issue_pass(config=ACME, agent="7", now=NOW)
        later = read_pass(renew_pass(first, config=ACME, now=NOW + 500), config=ACME, now=NOW + 500 + LIFE_S - 1)
        assert (later.start, later.agent, later.begun_epoch_s) == (first.start, first.agent, first.begun_epoch_s)

    @pytest.mark.parametrize(("hours", "is_renewed"), [(7.99, True), (8, False)])
    def test_ends_with_the_working_day(self, hours, is_renewed):
        first, _text = issue_pass(config=ACME, agent="", now=NOW)
        assert bool(renew_pass(first, config=ACME, now=NOW + hours * 3600)) is is_renewed

"""Refusals leave some lines a minute, without token and user."""

import logging

import pytest
from django.test import Client

from linking.api import refusal_log
from linking.core.sampling import Sampler
from tests.factories import login_jwt, make_integration


@pytest.mark.django_db
class TestNote:
    def test_names_code_and_reason_and_nobody(self, caplog, monkeypatch):
        monkeypatch.setattr(refusal_log, "_sampler", Sampler(per_minute=1))
        make_integration()
        token = login_jwt(exp=1)
        with caplog.at_level(logging.INFO, logger="linking.api.refusal_log"):
            for _ in range(3):
                Client().get("/generate/token/acme", headers={"Authorization": f"Bearer {token}"})
        start = "A token was refused: code 00-01, reason expired, integration acme, status 401"
        assert [record.getMessage() for record in caplog.records if record.name == "linking.api.refusal_log"] == [
            f"{start} (0 more since the last line)."
        ]

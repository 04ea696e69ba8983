"""Sign-ins and failed ones leave some lines a minute, without name and password."""

import logging

import pytest
from django.test import Client

from linking.core.sampling import Sampler
from zdbridge.watching import sign_in_log

PASSWORD = "a long enough password"


@pytest.mark.django_db
class TestLines:
    def test_name_nobody_and_are_few(self, caplog, monkeypatch, django_user_model):
        monkeypatch.setattr(sign_in_log, "_sampler", Sampler(per_minute=2))
        user = django_user_model.objects.create_user(username="nadia", password=PASSWORD)
        with caplog.at_level(logging.INFO, logger="zdbridge.watching.sign_in_log"):
            Client().post("/accounts/login/", {"login": "nadia", "password": "wrong"})
            Client().post("/accounts/login/", {"login": "nadia", "password": PASSWORD})
            Client().post("/accounts/login/", {"login": "nadia", "password": PASSWORD})
        lines = [record.getMessage() for record in caplog.records if record.name == "zdbridge.watching.sign_in_log"]
        assert lines == [
            "A sign-in failed (0 more sign-ins or tries since the last line).",
            f"Signed in: account {user.pk} (0 more sign-ins or tries since the last line).",
        ]

"""What migrations do to rows that were there before."""

from importlib import import_module

import pytest
from django.apps import apps

from linking.models import SyncRun
from tests.factories import make_integration, make_run

pytestmark = pytest.mark.django_db


class TestReadStatuses:
    @pytest.mark.parametrize(
        ("run", "status"),
        [
            ({"stop_reason": "credentials", "stop_detail": "Zendesk refused the access token (401)."}, 401),
            ({"stop_reason": "credentials", "stop_detail": "The access token lacks the role (403)."}, 403),
            ({"stop_reason": "credentials", "stop_detail": "The access token is empty or contains blanks."}, None),
            ({"stop_reason": "crashed", "stop_detail": "Something (401)"}, None),
        ],
    )
    def test_takes_the_status_out_of_the_sentence(self, run, status):
        make_run(integration=make_integration(), state="stopped", **run)
        import_module("linking.migrations.0004_webhook_and_refresh").read_statuses(apps, None)
        assert SyncRun.objects.get().stop_status == status

"""`manage.py prune`, as an operator uses it."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from linking.models import RefusedToken
from tests.factories import make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _old_refusal():
    at = timezone.now() - timedelta(days=20)
    RefusedToken.objects.create(integration=make_integration(), user_id="u", at=at, reason="expired")


def run(*arguments):
    out = io.StringIO()
    call_command("prune", *arguments, stdout=out)
    return out.getvalue()


class TestPrune:
    def test_deletes_and_then_finds_nothing(self):
        assert run() == "       1  refused tokens\n"
        assert run() == "Nothing has been kept for too long.\n"
        assert not RefusedToken.objects.exists()

    def test_only_counts_when_tried(self):
        assert run("--dry-run") == "       1  refused tokens\n"
        assert RefusedToken.objects.exists()

"""Rules for passwords beside Django's own."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.factories import make_integration

pytestmark = pytest.mark.django_db


class TestHouseWords:
    @pytest.mark.parametrize(
        "password", ["Zendesk2026!", "zdbridge-admin-1", "XSOLLA xsolla 99", "administrator77", "Support#Support#1"]
    )
    def test_with_little_around_them_are_refused(self, password):
        with pytest.raises(ValidationError, match="name of this site"):
            validate_password(password)

    @pytest.mark.parametrize("password", ["zendesk and four more words", "q9Zendeskvbnmrtplk", "8472-1193-5520-0017"])
    def test_do_not_spoil_a_password_that_has_more(self, password):
        validate_password(password)

    def test_are_also_the_names_of_integrations(self):
        validate_password("Northern-2026-games")
        make_integration(slug="games", name="Northern Games")
        with pytest.raises(ValidationError, match="name of this site"):
            validate_password("Northern-2026-games")

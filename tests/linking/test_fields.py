import pytest

from linking import fields
from linking.models import Secret
from tests.factories import make_integration

pytestmark = pytest.mark.django_db


class TestSealedTextField:
    def test_refuses_plain_text_on_its_way_to_the_database(self):
        integration = make_integration()
        with pytest.raises(ValueError, match="takes sealed text only"):
            Secret.objects.filter(integration=integration).update(sealed="plain")

    def test_stores_sealed_text_alone(self):
        make_integration()
        assert all(row.sealed.startswith("v1:") and "for-tests-only" not in row.sealed for row in Secret.objects.all())

    def test_says_loudly_that_the_process_was_not_set_up(self, monkeypatch):
        monkeypatch.setattr(fields._Ring, "current", None)
        with pytest.raises(RuntimeError, match="No key ring"):
            fields.key_ring()

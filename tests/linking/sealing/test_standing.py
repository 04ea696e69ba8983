"""What rests under which seal key."""

from linking import fields
from linking.models import Secret, keep_secret
from linking.sealing import standing
from tests.factories import NOW
from tests.linking.sealing.conftest import NEW, OLD


class TestLoadStanding:
    def test_counts_by_key(self, everything, use_keys):
        use_keys(NEW, OLD)
        keep_secret(integration=everything, name="login_secret_key", plain="x" * 32, actor="x", now=NOW)
        found = standing.load_standing()
        assert found.marks == fields.key_ring().marks
        assert found.count_under(0) == 1
        assert found.to_move == found.count_under(1) > 7

    def test_counts_a_value_of_another_place_as_lost(self, everything):
        first, second = Secret.objects.order_by("pk")[:2]
        Secret.objects.filter(pk=first.pk).update(sealed=second.sealed)
        assert standing.load_standing().lost == 1

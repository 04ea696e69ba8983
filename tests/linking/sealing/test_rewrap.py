"""The move of everything sealed to the newest key."""

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.utils import timezone

from linking import registry
from linking.core.secretbox import KeyRing
from linking.models import AuditEvent, Secret, SupportToken, ZendeskConnection, keep_secret, take_fingerprint
from linking.sealing import rewrap, standing
from linking.sealing.places import SealedColumn
from tests.factories import LOGIN_SECRET_KEY, NOW
from tests.linking.sealing.conftest import NEW, OLD

KINDS = {
    "integration_secrets", "draft_secrets", "refresh_tokens", "support_tokens", "alarm_webhook", "second_factors",
    "fingerprint_key", "erasure_key",
}  # fmt: skip


def move():
    return rewrap.rewrap_all(actor="command line", now=timezone.now())


class TestRewrapAll:
    def test_moves_every_kind_to_the_newest_key(self, everything, use_keys):
        use_keys(NEW, OLD)
        done = move()
        assert set(done.moved) == KINDS
        assert done.standing.is_settled

    def test_leaves_everything_readable_when_the_old_key_is_taken_out(self, everything, use_keys):
        use_keys(NEW, OLD)
        move()
        use_keys(NEW)
        totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
        assert registry.config_of(everything)[0].login_secrets == (LOGIN_SECRET_KEY.encode(),)
        assert get_adapter().decrypt(totp.data["secret"]) == "JBSWY3DPEHPK3PXP"
        assert (ZendeskConnection.objects.get().refresh_token(), SupportToken.objects.get().reveal()) == (
            "refresh", "support",
        )  # fmt: skip

    def test_leaves_the_rest_of_a_factor_as_it_is(self, everything, use_keys):
        use_keys(NEW, OLD)
        move()
        codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
        assert (codes.data["used_mask"], get_adapter().decrypt(codes.data["seed"])) == (3, "5eed")

    def test_keeps_fingerprints_when_the_old_key_is_taken_out(self, everything, use_keys):
        before = Secret.objects.get(name="login_secret_key").fingerprint
        use_keys(NEW, OLD)
        move()
        use_keys(NEW)
        keep_secret(integration=everything, name="login_secret_key", plain=LOGIN_SECRET_KEY, actor="x", now=NOW)
        assert Secret.objects.get(name="login_secret_key").fingerprint == before == take_fingerprint(LOGIN_SECRET_KEY)

    def test_moves_nothing_twice(self, everything, use_keys):
        use_keys(NEW, OLD)
        move()
        before = list(Secret.objects.values_list("sealed", flat=True))
        assert move().moved == {}
        assert list(Secret.objects.values_list("sealed", flat=True)) == before

    def test_goes_on_where_a_killed_run_stopped(self, everything, use_keys, monkeypatch):
        use_keys(NEW, OLD)
        replace, done = SealedColumn.replace, []

        def die_at_the_third(column, row, parts):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(row)
            return replace(column, row, parts)

        monkeypatch.setattr(SealedColumn, "replace", die_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            move()
        total = standing.load_standing().to_move
        monkeypatch.undo()
        use_keys(NEW, OLD)
        assert sum(move().moved.values()) == total > 0

    def test_never_overwrites_what_changed_meanwhile(self, everything, use_keys, monkeypatch):
        use_keys(NEW, OLD)
        replace = SealedColumn.replace

        def change_first(column, row, parts):
            if isinstance(row, Secret) and row.name == "login_secret_key":
                keep_secret(integration=everything, name=row.name, plain="meanwhile" * 4, actor="x", now=NOW)
            return replace(column, row, parts)

        monkeypatch.setattr(SealedColumn, "replace", change_first)
        assert move().standing.is_settled
        assert Secret.objects.get(name="login_secret_key").reveal() == "meanwhile" * 4

    def test_moves_what_a_process_with_the_old_keys_wrote_meanwhile(self, everything, use_keys, monkeypatch):
        use_keys(NEW, OLD)
        late = KeyRing(keys=[OLD]).seal("late", place=Secret.objects.first().place)
        rows = [Secret.objects.first().pk]
        replace = SealedColumn.replace

        def write_first(column, row, parts):
            if isinstance(row, Secret) and row.pk in rows:
                rows.remove(row.pk)
                Secret.objects.filter(pk=row.pk).update(sealed=late)
            return replace(column, row, parts)

        monkeypatch.setattr(SealedColumn, "replace", write_first)
        assert move().standing.is_settled
        assert Secret.objects.first().reveal() == "late"

    def test_says_what_it_does_before_and_after(self, everything, use_keys):
        use_keys(NEW, OLD)
        move()
        events = AuditEvent.objects.filter(action__startswith="seal.").order_by("pk")
        assert [event.action for event in events] == [rewrap.BEGAN, rewrap.MOVED]
        assert "second_factors: 2" in events[1].fields
        assert events[1].target == KeyRing(keys=[NEW]).marks[0]

    def test_says_nothing_when_there_was_nothing_to_move(self, everything):
        move()
        assert not AuditEvent.objects.filter(action__startswith="seal.").exists()

    def test_seals_factors_that_lay_open(self, everything, use_keys):
        Authenticator.objects.filter(type=Authenticator.Type.TOTP).update(data={"secret": "JBSWY3DPEHPK3PXP"})
        assert standing.load_standing().to_move == 1
        move()
        stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
        assert stored.startswith("v1:") and get_adapter().decrypt(stored) == "JBSWY3DPEHPK3PXP"

    def test_leaves_what_no_key_opens_and_counts_it(self, everything, use_keys):
        Secret.objects.filter(name="login_secret_key").update(sealed="v1:nonsense")
        use_keys(NEW, OLD)
        found = move().standing
        assert (found.to_move, found.lost, found.is_settled) == (0, 1, False)

    def test_makes_fingerprints_anew_when_their_key_is_lost(self, everything, use_keys):
        use_keys(NEW)
        move()
        assert take_fingerprint("a")
        lost = {one.column.name: one.lost for one in standing.load_standing().columns}
        assert lost["fingerprint_key"] == 0

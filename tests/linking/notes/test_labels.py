import pytest
from django.db import IntegrityError, transaction

from linking.models import LABELS_MAX, AuditEvent, Label, PlayerLabel
from linking.notes import labels, player_labels
from tests.factories import NOW, make_integration, make_login_user
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return make_person("lead")


@pytest.fixture
def vip(lead):
    return labels.add_label(name="VIP", colour="violet", by=lead, now=NOW)


@pytest.fixture
def nadia():
    return make_login_user(integration=make_integration(), name="Nadia")


class TestAddLabel:
    def test_keeps_name_and_colour(self, vip):
        assert Label.objects.values_list("name", "colour").get() == ("VIP", "violet")

    def test_is_audited(self, vip):
        assert AuditEvent.objects.values_list("action", "actor", "target").get() == ("label.added", "lead", "VIP")

    @pytest.mark.parametrize("name", ["", "  ", "\u202e", "x" * 31])
    def test_refuses_no_name_and_too_long_a_one(self, lead, name):
        with pytest.raises(labels.BadLabel):
            labels.add_label(name=name, colour="grey", by=lead, now=NOW)

    def test_refuses_a_colour_without_a_name(self, lead):
        with pytest.raises(labels.BadLabel):
            labels.add_label(name="VIP", colour="#ff0000", by=lead, now=NOW)

    @pytest.mark.parametrize("name", ["vip", " Vip ", "VIP"])
    def test_refuses_a_second_one_of_the_name(self, vip, lead, name):
        with pytest.raises(labels.LabelNameTaken):
            labels.add_label(name=name, colour="grey", by=lead, now=NOW)

    def test_refuses_the_twenty_first(self, lead):
        for number in range(LABELS_MAX):
            labels.add_label(name=f"Label {number}", colour="grey", by=lead, now=NOW)
        with pytest.raises(labels.TooManyLabels):
            labels.add_label(name="One more", colour="grey", by=lead, now=NOW)

    def test_takes_the_place_of_one_that_was_removed(self, lead):
        made = [labels.add_label(name=f"Label {n}", colour="grey", by=lead, now=NOW) for n in range(LABELS_MAX)]
        labels.remove_label(key=made[3].pk, by=lead, now=NOW)
        assert labels.add_label(name="Again", colour="grey", by=lead, now=NOW).place == made[3].place

    def test_takes_another_place_where_two_people_add_at_once(self, vip, lead, monkeypatch):
        places = iter([vip.place, 2])
        monkeypatch.setattr(labels, "_find_free_place", lambda: next(places))
        assert labels.add_label(name="New", colour="grey", by=lead, now=NOW).place == 2


class TestTable:
    @pytest.mark.parametrize("place", [0, LABELS_MAX + 1])
    def test_has_no_place_for_more(self, place):
        with pytest.raises(IntegrityError), transaction.atomic():
            Label.objects.create(name="x", low_name="x", colour="grey", place=place)


class TestChangeLabel:
    def test_renames_it_for_all_who_carry_it(self, vip, nadia, lead):
        player_labels.put_label(player=nadia, label_key=vip.pk, by=lead, now=NOW)
        labels.change_label(key=vip.pk, name="Whale", colour="red", by=lead, now=NOW)
        assert [(label.name, is_put) for label, is_put in player_labels.list_labels_of(players=[nadia])] == [
            ("Whale", True)
        ]

    def test_may_change_the_case_of_its_own_name(self, vip, lead):
        labels.change_label(key=vip.pk, name="vip", colour="violet", by=lead, now=NOW)
        assert Label.objects.get().name == "vip"

    def test_refuses_the_name_of_another(self, vip, lead):
        other = labels.add_label(name="Fraud", colour="red", by=lead, now=NOW)
        with pytest.raises(labels.LabelNameTaken):
            labels.change_label(key=other.pk, name="Vip", colour="red", by=lead, now=NOW)


class TestRemoveLabel:
    def test_takes_it_off_all_players(self, vip, nadia, lead):
        player_labels.put_label(player=nadia, label_key=vip.pk, by=lead, now=NOW)
        labels.remove_label(key=vip.pk, by=lead, now=NOW)
        assert not PlayerLabel.objects.exists()
        assert AuditEvent.objects.order_by("pk").last().action == "label.removed"


class TestListCounted:
    def test_counts_players_no_further_than_needed_in_one_query(
        self, vip, nadia, lead, monkeypatch, django_assert_num_queries
    ):
        labels.add_label(name="Fraud", colour="red", by=lead, now=NOW)
        player_labels.put_label(player=nadia, label_key=vip.pk, by=lead, now=NOW)
        monkeypatch.setattr(labels, "PLAYERS_CAP", 0)
        with django_assert_num_queries(1):
            found = labels.list_counted()
        assert [(row.label.name, row.players, row.is_capped) for row in found] == [
            ("Fraud", 0, False),
            ("VIP", 0, True),
        ]

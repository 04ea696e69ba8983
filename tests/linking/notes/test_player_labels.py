import pytest

from linking.models import AuditEvent, Label, PlayerLabel
from linking.notes import labels, player_labels
from tests.factories import NOW, make_integration, make_login_user
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_person("agent")


@pytest.fixture
def vip(agent):
    return labels.add_label(name="VIP", colour="violet", by=agent, now=NOW)


@pytest.fixture
def nadia():
    return make_login_user(integration=make_integration(), name="Nadia")


@pytest.fixture
def put(vip, nadia, agent):
    return lambda: player_labels.put_label(player=nadia, label_key=vip.pk, by=agent, now=NOW)


def audited(action):
    return list(AuditEvent.objects.filter(action=action).values_list("actor", "target", "fields"))


class TestPutLabel:
    def test_puts_it_on_the_player(self, put, nadia, vip):
        put()
        assert player_labels.find_labels(player_keys=[nadia.pk]) == {nadia.pk: (vip,)}

    def test_twice_is_once(self, put, nadia):
        put()
        put()
        assert PlayerLabel.objects.count() == 1
        assert audited("label.put") == [("agent", f"acme ~{nadia.pk}", ["VIP"])]

    def test_puts_it_on_the_same_person_elsewhere(self, put, vip):
        elsewhere = make_login_user(integration=make_integration(slug="west", secrets={}))
        put()
        assert player_labels.find_labels(player_keys=[elsewhere.pk]) == {elsewhere.pk: (vip,)}

    def test_of_a_label_that_is_gone_says_so(self, put, vip):
        Label.objects.all().delete()
        with pytest.raises(Label.DoesNotExist):
            put()


class TestSpreadLabels:
    def test_puts_them_on_the_same_person_met_later(self, put, vip):
        put()
        later = make_login_user(integration=make_integration(slug="west", secrets={}))
        player_labels.spread_labels()
        assert player_labels.find_labels(player_keys=[later.pk]) == {later.pk: (vip,)}

    @pytest.mark.parametrize(("product", "is_put"), [("messaging", True), ("chat", False)])
    def test_knows_who_is_the_same_in_another_case(self, put, nadia, product, is_put):
        put()
        west = make_integration(slug="west", secrets={}, zendesk_product=product)
        later = make_login_user(integration=west, user_id=nadia.user_id.upper())
        player_labels.spread_labels()
        assert bool(player_labels.find_labels(player_keys=[later.pk])) is is_put

    def test_leaves_strangers_alone(self, put):
        put()
        west = make_integration(slug="west", secrets={})
        strangers = [
            make_login_user(integration=west, user_id="somebody-else"),
            make_login_user(integration=make_integration(slug="x", login_project_id="another-project", secrets={})),
        ]
        player_labels.spread_labels()
        assert player_labels.find_labels(player_keys=[player.pk for player in strangers]) == {}

    def test_costs_one_query_where_nobody_is_missing(self, put, django_assert_num_queries):
        make_login_user(integration=make_integration(slug="west", secrets={}))
        put()
        with django_assert_num_queries(3):  # and the transaction
            player_labels.spread_labels()


class TestTakeLabel:
    def test_takes_it_off_everywhere(self, put, vip, nadia, agent):
        make_login_user(integration=make_integration(slug="west", secrets={}))
        put()
        player_labels.take_label(player=nadia, label_key=vip.pk, by=agent, now=NOW)
        assert not PlayerLabel.objects.exists()
        assert len(audited("label.taken")) == 1

    def test_of_one_that_is_not_there_changes_nothing(self, vip, nadia, agent):
        player_labels.take_label(player=nadia, label_key=vip.pk, by=agent, now=NOW)
        assert audited("label.taken") == []


class TestFindLabels:
    def test_costs_one_query_for_a_page(self, put, nadia, django_assert_num_queries):
        put()
        others = [make_login_user(integration=nadia.integration, user_id=f"u-{number}") for number in range(3)]
        with django_assert_num_queries(1):
            player_labels.find_labels(player_keys=[nadia.pk, *(user.pk for user in others)])

    def test_costs_nothing_for_nobody(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert player_labels.find_labels(player_keys=[]) == {}

    def test_goes_with_the_player(self, put, nadia):
        put()
        nadia.delete()
        assert not PlayerLabel.objects.exists()

import logging

import pytest

from linking.clients.xsolla_login import KeyEncoding, ListedKeys, LoginRefused, LoginTryLater
from linking.tokens import key_fetching
from tests.rsa_keys import listed, listed_hex

PROJECT, OTHER = "project-1", "project-2"


@pytest.fixture(autouse=True)
def nothing_known():
    key_fetching.forget()
    yield
    key_fetching.forget()


class Login:
    """Stands in for the client: answers what `answers` holds by project, and keeps what it was asked."""

    def __init__(self, **answers):
        self.answers = {PROJECT: [listed()], OTHER: [listed("second")]} | {
            name.replace("_", "-"): answer for name, answer in answers.items()
        }
        self.asked = []
        self.is_closed = False

    def key_set(self, *, project_id):
        self.asked.append(project_id)
        answer = self.answers[project_id]
        if isinstance(answer, Exception):
            raise answer
        return ListedKeys(encoding=KeyEncoding.BASE64URL, keys=tuple(answer))

    def close(self):
        self.is_closed = True


def look(login, *, now_s, projects=(PROJECT,)):
    return key_fetching.look(projects=projects, open_client=lambda: login, now_s=now_s)


def key_ids(project_id=PROJECT):
    found = key_fetching.current().get(project_id)
    return None if found is None else [one.key_id for one in found.keys]


class TestLook:
    def test_fetches_the_keys_of_every_project_named(self):
        look(Login(), now_s=0, projects=(PROJECT, OTHER))
        assert (key_ids(PROJECT), key_ids(OTHER)) == (["first"], ["second"])

    def test_closes_its_connection(self):
        login = Login()
        look(login, now_s=0)
        assert login.is_closed

    @pytest.mark.parametrize(("age_s", "calls"), [(599, 1), (600, 2)])
    def test_fetches_again_after_ten_minutes(self, age_s, calls):
        login = Login()
        look(login, now_s=0)
        look(login, now_s=age_s)
        assert len(login.asked) == calls

    def test_forgets_a_project_that_is_no_longer_named(self):
        look(Login(), now_s=0)
        look(Login(), now_s=1, projects=())
        assert key_ids() is None

    def test_reads_hexadecimal_digits_where_login_lists_them(self):
        login = Login()
        login.key_set = lambda **_: ListedKeys(encoding=KeyEncoding.HEXADECIMAL, keys=(listed_hex(),))
        look(login, now_s=0)
        assert key_ids() == ["first"]

    @pytest.mark.parametrize("answer", [LoginTryLater("away"), LoginRefused("who?", reason="project"), []])
    def test_keeps_the_last_good_keys_when_login_fails(self, answer):
        look(Login(), now_s=0)
        look(Login(project_1=answer), now_s=600)
        assert key_ids() == ["first"]

    def test_keeps_the_last_good_keys_when_the_address_cannot_be_used(self):
        def refuse():
            raise LoginRefused("no such address", reason="host")

        look(Login(), now_s=0)
        key_fetching.look(projects=(PROJECT,), open_client=refuse, now_s=600)
        assert key_ids() == ["first"]

    def test_drops_a_key_that_is_no_longer_listed(self):
        look(Login(project_1=[listed(), listed("second")]), now_s=0)
        look(Login(project_1=[listed("second")]), now_s=600)
        assert key_ids() == ["second"]

    @pytest.mark.parametrize(("age_s", "calls"), [(9, 1), (10, 2)])
    def test_tries_again_soon_while_there_are_no_keys(self, age_s, calls):
        login = Login(project_1=LoginTryLater("away"))
        look(login, now_s=0)
        look(login, now_s=age_s)
        assert len(login.asked) == calls

    def test_does_not_let_one_project_stop_another(self):
        look(Login(project_1=LoginTryLater("away")), now_s=0, projects=(PROJECT, OTHER))
        assert key_ids(OTHER) == ["second"]

    def test_says_once_that_keys_cannot_be_fetched(self, caplog):
        with caplog.at_level(logging.WARNING):
            for now_s in (0, 10, 20):
                look(Login(project_1=LoginTryLater("Login is away")), now_s=now_s)
        assert [record.getMessage() for record in caplog.records].count(
            f"The RS256 keys of project {PROJECT} could not be fetched: Login is away"
        ) == 1


class TestAskFor:
    @pytest.mark.parametrize(("age_s", "calls"), [(59, 2), (60, 3)])
    def test_has_keys_fetched_again_at_once_and_then_once_a_minute(self, age_s, calls):
        login = Login()
        look(login, now_s=0)
        for now_s in (1, 1 + age_s):
            for _ in range(1000):
                key_fetching.ask_for(project_id=PROJECT)
            look(login, now_s=now_s)
        assert len(login.asked) == calls

    def test_is_granted_once(self):
        login = Login()
        look(login, now_s=0)
        key_fetching.ask_for(project_id=PROJECT)
        look(login, now_s=60)
        look(login, now_s=121)
        assert len(login.asked) == 2

    def test_of_a_project_nobody_named_fetches_nothing(self):
        key_fetching.ask_for(project_id="https://evil.example/")
        login = Login()
        look(login, now_s=0, projects=())
        assert login.asked == []

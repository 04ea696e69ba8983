import json
import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from linking.models import Integration
from zdbridge.up import demo

FILE = Path(__file__).resolve().parents[3] / "sandbox" / "demo_integration.json"


@pytest.fixture
def loopback(settings) -> None:
    """`up` allows addresses on this machine while it runs the sandbox."""
    settings.LINKING = {**settings.LINKING, "ALLOW_LOOPBACK": True}


@pytest.mark.django_db
class TestMakePeople:
    def test_makes_one_of_each_group_who_can_sign_in(self, tmp_path: Path) -> None:
        people = demo.make_people(data_dir=tmp_path)
        assert {person.username: person.group for person in people} == demo.PEOPLE
        for person in people:
            user = User.objects.get(username=person.username)
            assert user.check_password(person.password)
            assert list(user.groups.values_list("name", flat=True)) == [person.group]

    def test_makes_passwords_once_and_keeps_them_private(self, tmp_path: Path) -> None:
        first = demo.make_people(data_dir=tmp_path)
        assert demo.make_people(data_dir=tmp_path) == first
        assert len({person.password for person in first}) == len(first)
        assert stat.S_IMODE((tmp_path / "demo_sign_ins.json").stat().st_mode) == 0o600

    def test_adds_whom_an_earlier_release_did_not_have(self, tmp_path: Path) -> None:
        first = {person.username: person.password for person in demo.make_people(data_dir=tmp_path)}
        file = tmp_path / "demo_sign_ins.json"
        file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "developer"}))
        User.objects.get(username="developer").delete()
        second = {person.username: person.password for person in demo.make_people(data_dir=tmp_path)}
        assert first.pop("developer") != second["developer"]
        assert first.items() <= second.items()
        assert User.objects.get(username="developer").check_password(second["developer"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_gives_other_passwords_in_another_data_folder(self, tmp_path: Path) -> None:
        first = demo.make_people(data_dir=tmp_path / "one")
        User.objects.all().delete()
        assert {person.password for person in first}.isdisjoint(
            person.password for person in demo.make_people(data_dir=tmp_path / "two")
        )

    def test_leaves_a_changed_password_alone_and_does_not_claim_to_know_it(self, tmp_path: Path) -> None:
        demo.make_people(data_dir=tmp_path)
        agent = User.objects.get(username="agent")
        agent.set_password("chosen by somebody")
        agent.save()
        told = {person.username: person.password for person in demo.make_people(data_dir=tmp_path)}
        assert (told["agent"], bool(told["lead"])) == ("", True)
        assert User.objects.get(username="agent").check_password("chosen by somebody")

    def test_does_not_put_a_person_back_into_a_group(self, tmp_path: Path) -> None:
        demo.make_people(data_dir=tmp_path)
        User.objects.get(username="admin").groups.clear()
        demo.make_people(data_dir=tmp_path)
        assert not User.objects.get(username="admin").groups.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("loopback")
class TestMakeIntegration:
    def test_makes_the_demo_integration_for_the_sandbox_that_runs(self, tmp_path: Path) -> None:
        assert demo.make_integration(path=FILE, sandbox_port=9399, data_dir=tmp_path)
        made = Integration.objects.get(slug="demo")
        assert made.zendesk_api_url == "http://127.0.0.1:9399/api/v2/chat"
        assert set(made.allowed_origins) == {"http://127.0.0.1:9399", "http://localhost:9399"}

    def test_makes_one_of_each_file_and_no_other(self, tmp_path: Path) -> None:
        made = demo.make_integrations(folder=FILE.parent, sandbox_port=9100, data_dir=tmp_path)
        assert made == ["demo", "demo-messaging", "demo-rs256"]
        assert demo.make_integrations(folder=FILE.parent, sandbox_port=9100, data_dir=tmp_path) == []

    def test_joins_the_rs256_project_to_the_same_account(self, tmp_path: Path) -> None:
        demo.make_integrations(folder=FILE.parent, sandbox_port=9100, data_dir=tmp_path)
        one, other = Integration.objects.filter(slug__in=["demo", "demo-rs256"]).order_by("slug")
        assert (one.zendesk_account_key, other.login_algorithm) == (other.zendesk_account_key, "RS256")

    def test_joins_both_products_to_one_login_project(self, tmp_path: Path) -> None:
        demo.make_integrations(folder=FILE.parent, sandbox_port=9399, data_dir=tmp_path)
        chat, messaging = Integration.objects.filter(slug__in=["demo", "demo-messaging"]).order_by("slug")
        assert chat.login_project_id == messaging.login_project_id
        assert messaging.zendesk_api_url == "http://127.0.0.1:9399/support/api/v2"

    def test_leaves_no_file_behind(self, tmp_path: Path) -> None:
        demo.make_integration(path=FILE, sandbox_port=9100, data_dir=tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_never_touches_one_that_exists(self, tmp_path: Path) -> None:
        demo.make_integration(path=FILE, sandbox_port=9100, data_dir=tmp_path)
        Integration.objects.filter(slug="demo").update(name="Mine")
        assert not demo.make_integration(path=FILE, sandbox_port=9200, data_dir=tmp_path)
        assert Integration.objects.get(slug="demo").name == "Mine"


class TestReplacePort:
    @pytest.mark.parametrize(
        ("value", "changed"),
        [
            ("http://127.0.0.1:9100/api/v2/chat", "http://127.0.0.1:9200/api/v2/chat"),
            (["http://localhost:9100"], ["http://localhost:9200"]),
            ({"a": {"b": "http://127.0.0.1:9100"}}, {"a": {"b": "http://127.0.0.1:9200"}}),
        ],
    )
    def test_changes_addresses_of_the_sandbox(self, value: object, changed: object) -> None:
        assert demo.replace_port(value=value, port=9200) == changed

    @pytest.mark.parametrize(
        "value",
        [
            "https://publisher.xsolla.com/{merchant_id}",
            "http://127.0.0.1:91000",
            "http://example.com:9100",
            "secret:9100",
            9100,
            True,
            None,
        ],
    )
    def test_leaves_everything_else(self, value: object) -> None:
        assert demo.replace_port(value=value, port=9200) == value

    def test_finds_the_port_the_file_was_written_for(self) -> None:
        text = json.dumps(demo.replace_port(value=json.loads(FILE.read_text()), port=65000))
        assert ":9100" not in text

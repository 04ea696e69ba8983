"""The variables of single sign-on and of second factors, and what is refused."""

import pytest

from zdbridge.env import BadSetting, Environment
from zdbridge.single_sign_on import read_groups_with_factor, read_single_sign_on

SET = {"ISSUER": "https://login.house.example", "CLIENT_ID": "zdbridge", "CLIENT_SECRET": "hush"}


def read(**changes):
    named = {f"ZDBRIDGE_OIDC_{name}": value for name, value in (SET | changes).items()}
    return read_single_sign_on(Environment(source=named))


class TestReadSingleSignOn:
    def test_is_none_without_an_issuer(self):
        assert read_single_sign_on(Environment(source={})) is None

    def test_takes_our_own_names_of_groups_by_itself(self):
        assert read()["groups"] == {name: name for name in ("agents", "leads", "admins", "developers")}

    def test_takes_names_of_the_issuer_with_colons(self):
        found = read(GROUPS="urn:house:heads:leads, /support : agents")
        assert found["groups"] == {"urn:house:heads": "leads", "/support": "agents"}

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"ISSUER": "ftp://login"}, "ZDBRIDGE_OIDC_ISSUER"),
            ({"ISSUER": ""}, "ZDBRIDGE_OIDC_CLIENT_ID"),
            ({"CLIENT_SECRET": ""}, "ZDBRIDGE_OIDC_CLIENT_SECRET"),
            ({"GROUPS": "heads"}, "ZDBRIDGE_OIDC_GROUPS"),
            ({"GROUPS": "heads:kings"}, "ZDBRIDGE_OIDC_GROUPS"),
            ({"GROUPS": ":leads"}, "ZDBRIDGE_OIDC_GROUPS"),
            ({"SCOPES": "profile"}, "ZDBRIDGE_OIDC_SCOPES"),
        ],
        ids=["scheme", "no-issuer", "no-secret", "no-colon", "no-group", "no-name", "no-openid"],
    )
    def test_refuses(self, changes, name):
        with pytest.raises(BadSetting, match=name) as refused:
            read(**changes)
        assert "hush" not in str(refused.value)


class TestReadGroupsWithFactor:
    @pytest.mark.parametrize(
        ("value", "groups"),
        [
            ("", ()),
            ("0", ()),
            ("false", ()),
            ("1", ("admins",)),
            ("True", ("admins",)),
            ("leads", ("leads",)),
            ("admins, leads", ("admins", "leads")),
        ],
    )
    def test_knows_old_values_and_lists(self, value, groups):
        assert read_groups_with_factor(Environment(source={"ZDBRIDGE_REQUIRE_MFA": value})) == groups

    @pytest.mark.parametrize("value", ["yes", "admins,1", "kings"])
    def test_refuses_others(self, value):
        with pytest.raises(BadSetting, match="ZDBRIDGE_REQUIRE_MFA"):
            read_groups_with_factor(Environment(source={"ZDBRIDGE_REQUIRE_MFA": value}))

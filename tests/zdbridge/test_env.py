import pytest

from zdbridge.env import BadSetting, Environment

NAME = "ZDBRIDGE_KEEP_REFUSALS_DAYS"


class TestReadDays:
    @pytest.mark.parametrize(("source", "days"), [({}, 14), ({NAME: ""}, None), ({NAME: "30"}, 30), ({NAME: "1"}, 1)])
    def test_keeps_for_ever_only_what_is_set_and_empty(self, source, days):
        assert Environment(source=source).read_days(NAME, default=14) == days

    def test_keeps_for_ever_by_an_empty_file(self, tmp_path):
        path = tmp_path / "days"
        path.write_text("\n")
        assert Environment(source={f"{NAME}_FILE": str(path)}).read_days(NAME, default=14) is None

    @pytest.mark.parametrize("value", ["0", "-1", "3651", "two"])
    def test_refuses_what_is_no_number_of_days(self, value):
        with pytest.raises(BadSetting, match=NAME):
            Environment(source={NAME: value}).read_days(NAME, default=14)


class TestReadPrefix:
    def read(self, value):
        return Environment(source={"P": value}).read_prefix("P")

    def test_gives_a_beginning_of_names(self):
        assert (self.read("ACME_"), self.read("")) == ("ACME_", "")

    @pytest.mark.parametrize("value", ["ZDBRIDGE_", "D", "DATABASE_URL", "REDIS", "A B", "*", "Ä_"])
    def test_refuses_what_leads_to_own_secrets_or_is_no_name(self, value):
        with pytest.raises(BadSetting, match="P must be letters"):
            self.read(value)


class TestReadFolder:
    def read(self, value, apart_from):
        return Environment(source={"F": str(value)}).read_folder("F", apart_from=apart_from)

    def test_gives_a_folder_apart_from_the_keys(self, tmp_path):
        assert self.read(tmp_path / "secrets", tmp_path / "var") == str(tmp_path / "secrets")
        assert self.read("", tmp_path) == ""

    @pytest.mark.parametrize("way", ["var", "var/inside", ".", "other/../var"])
    def test_refuses_one_that_holds_the_keys(self, tmp_path, way):
        with pytest.raises(BadSetting, match="apart from ZDBRIDGE_DATA_DIR"):
            self.read(tmp_path / way, tmp_path / "var")

    def test_refuses_a_relative_path(self, tmp_path):
        with pytest.raises(BadSetting, match="absolute"):
            self.read("secrets", tmp_path)

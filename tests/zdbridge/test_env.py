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

import re
from pathlib import Path

from sandbox.support.switches import SWITCH_NAMES

README = Path(__file__).parents[3] / "sandbox/README.md"


class TestReadme:
    def test_names_every_switch(self):
        text = README.read_text(encoding="utf-8").partition("Switches of Support")[2].partition("\n## ")[0]
        assert [name for name in SWITCH_NAMES if f"`{name}`" not in text] == []

    def test_has_a_row_for_every_fact_that_the_code_names(self):
        rows = set(re.findall(r"^\| (M[\d.]+) \|", README.read_text(encoding="utf-8"), re.M))
        code = "".join(path.read_text(encoding="utf-8") for path in (README.parent / "support").glob("*.py"))
        assert set(re.findall(r"\b(M\d+(?:\.\d)?)\b", code)) - rows == set()

from pathlib import Path

from sandbox.support.switches import SWITCH_NAMES

README = Path(__file__).parents[3] / "sandbox/README.md"


class TestReadme:
    def test_names_every_switch(self):
        text = README.read_text(encoding="utf-8").partition("Switches of Support")[2].partition("\n## ")[0]
        assert [name for name in SWITCH_NAMES if f"`{name}`" not in text] == []

"""docs/doctor.md says what the doctor says, cause by cause."""

from pathlib import Path

from linking.doctor.causes import CAUSES

DOCS = Path(__file__).resolve().parents[3] / "docs"


class TestPage:
    def test_lists_every_cause_in_order_and_no_other(self):
        rows = [line for line in (DOCS / "doctor.md").read_text().splitlines() if line.startswith("| `")]
        told = [row for row in rows if not row.startswith(("| `/", "| `POST", "| `python"))]
        assert told == [f"| `{name}` | {text.problem} | {text.fix} |" for name, text in CAUSES.items()]

    def test_of_wiring_lists_every_snippet(self):
        files = (DOCS.parent / "static" / "snippets").iterdir()
        assert not [file.name for file in files if f"| `{file.name}` |" not in (DOCS / "wiring.md").read_text()]

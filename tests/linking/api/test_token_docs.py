"""docs/token-endpoint.md and docs/token-transcript.md name every refusal of the code."""

import re
from pathlib import Path

from linking.tokens.refusals import REFUSALS, Reason

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "token-endpoint.md").read_text(encoding="utf-8")
TRANSCRIPT = (DOCS / "token-transcript.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\d\d-\d\d)` \| (\d{3}) \| `(\w+)` \| (.+) \|$", re.MULTILINE)


class TestTokenEndpointPage:
    def test_lists_every_refusal_as_the_code_has_it(self):
        rows = [(one.code.value, str(one.status), one.reason.value, one.description) for one in REFUSALS.values()]
        assert ROW.findall(PAGE) == rows

    def test_shows_every_refusal_in_the_transcript(self):
        shown = set(re.findall(r'"reason":"(\w+)"', TRANSCRIPT))
        assert shown == {reason.value for reason in Reason}

    def test_shows_no_whole_token(self):
        assert not re.search(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", PAGE + TRANSCRIPT)

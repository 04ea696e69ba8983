"""The transcript in docs/token-transcript.md is what the running product answers, line by line."""

import shutil

import pytest

from scripts.token_transcript import PAGE, Sandbox, comparable, list_cases, split_page, transcript


class TestSplitPage:
    def test_finds_the_transcript_and_loses_nothing(self):
        page = PAGE.read_text()
        before, kept, after = split_page(page)
        assert before + kept + after == page
        assert kept.startswith("# unavailable\n$ curl -s -i ")


class TestTranscript:
    def test_on_the_page_has_every_heading_in_order(self):
        headings = [line[2:] for line in split_page(PAGE.read_text())[1].splitlines() if line.startswith("# ")]
        named = [one for one in headings if not one.startswith("{")]
        assert named == [
            "unavailable",
            "nothing configured",
            *(heading for heading, _lines in list_cases(Sandbox(url=""))),
        ]

    @pytest.mark.slow
    @pytest.mark.storeless
    @pytest.mark.filterwarnings("ignore:The HMAC key")
    @pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")
    def test_is_what_the_product_answers(self):
        assert comparable(split_page(PAGE.read_text())[1]) == comparable(transcript())

import pytest

from linking.tokens.clock_reading import LARGEST_S, reading_of, seconds_ahead

NOW = 1_767_225_600


class TestSecondsAhead:
    @pytest.mark.parametrize(
        ("claims", "seconds"),
        [
            ({"iat": NOW + 95}, 95),
            ({"iat": NOW + 60}, 0),  # within the leeway
            ({"iat": NOW - 5, "nbf": NOW + 120}, 120),
            ({"iat": NOW + 95, "nbf": NOW + 3600}, 95),  # iat is the clock's word, nbf can be meant
            ({"iat": NOW + 1234}, 1200),
            ({"iat": NOW + 995.4}, 1000),
            ({"iat": NOW + 10**12}, LARGEST_S),
            ({"iat": "soon", "nbf": True}, 0),
            ({}, 0),
        ],
    )
    def test_is_what_a_token_is_beyond_the_leeway(self, claims, seconds):
        assert seconds_ahead(claims, now=NOW) == seconds

    def test_takes_few_values_whatever_tokens_say(self):
        assert len({seconds_ahead({"iat": NOW + ahead}, now=NOW) for ahead in range(61, 200_000)}) < 400


class TestReadingOf:
    def test_of_nothing_is_none(self):
        assert reading_of({}) is None

    @pytest.mark.parametrize(
        ("counts", "told"),
        [
            ({95: 1}, (1, 95, 95, False)),
            ({90: 2, 95: 1}, (3, 90, 95, True)),
            ({70: 2, 80: 1, 90: 2}, (5, 80, 90, True)),
            ({95: 100, 99_000: 1}, (101, 95, 99_000, True)),
        ],
    )
    def test_tells_number_median_and_largest(self, counts, told):
        found = reading_of(counts)
        assert (found.tokens, found.median_s, found.largest_s, found.is_telling) == told

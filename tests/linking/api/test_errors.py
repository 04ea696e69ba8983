"""Every error of the JSON API has a `detail`, one text."""

import pytest
from rest_framework.exceptions import ErrorDetail, ValidationError

from linking.api.errors import answer_with_detail
from tests.factories import make_integration

pytestmark = pytest.mark.django_db
DIAGNOSE = "/api/v1/diagnose/"


class TestAnswerWithDetail:
    @pytest.mark.parametrize(
        ("said", "detail"),
        [
            ("No.", "No."),
            (["No.", "Never."], "No. Never."),
            ({"slug": ["Unknown."]}, "slug: Unknown."),
            ({"a": ["No."], "b": {"c": ["Never."]}}, "a: No. b: c: Never."),
            ({"detail": ["Only these keys."], "text": ["Needed."]}, "Only these keys. text: Needed."),
            ({"non_field_errors": ["No."]}, "No."),
        ],
    )
    def test_says_all_of_it_in_one_text(self, said, detail):
        response = answer_with_detail(ValidationError(said), {})
        assert (response.status_code, response.data["detail"]) == (400, detail)

    def test_leaves_the_fields_beside_it(self):
        response = answer_with_detail(ValidationError({"slug": ["Unknown."]}), {})
        assert response.data["slug"] == [ErrorDetail("Unknown.", code="invalid")]

    def test_leaves_accidents_alone(self):
        assert answer_with_detail(ZeroDivisionError(), {}) is None


class TestTheApi:
    @pytest.mark.parametrize(
        ("method", "url", "body", "status"),
        [
            ("post", DIAGNOSE, {"text": "x", "integration": "nobody"}, 400),
            ("post", DIAGNOSE, {"text": 7, "kind": "x"}, 400),
            ("post", DIAGNOSE, {"text": "x", "colour": "red"}, 400),
            ("post", DIAGNOSE, [], 400),
            ("put", DIAGNOSE, {}, 405),
            ("get", "/api/v1/visitors/?state=x", None, 400),
            ("get", "/api/v1/visitors/?cursor=x", None, 400),
            ("get", "/api/v1/visitors/?page_size=x", None, 400),
            ("get", "/api/v1/visitors/nonsense/", None, 404),
            ("get", "/api/v1/users/nobody/", None, 404),
            ("get", "/api/v1/nowhere/", None, 404),
            ("post", "/api/v1/visitors/nonsense/refresh/", None, 404),
        ],
    )
    def test_answers_each_error_with_a_detail(self, signed_in, method, url, body, status):
        make_integration()
        answer = getattr(signed_in("leads"), method)(url, body, format="json")
        assert (answer.status_code, type(answer.json()["detail"])) == (status, str)

    def test_answers_what_is_no_json_with_a_detail(self, signed_in):
        answer = signed_in("leads").post(DIAGNOSE, "{", content_type="application/json")
        assert (answer.status_code, type(answer.json()["detail"])) == (400, str)

    def test_answers_another_kind_of_body_with_a_detail(self, signed_in):
        answer = signed_in("leads").post(DIAGNOSE, "x", content_type="text/csv")
        assert (answer.status_code, type(answer.json()["detail"])) == (415, str)

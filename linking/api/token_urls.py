"""Addresses of the token endpoint. No redirect ever carries a token somewhere else: a slash too many is a 404."""

from django.urls import path, re_path

from linking.api.token import TokenView

# Any last part is taken, so that a wrong one gets the endpoint's own answer instead of a page.
urlpatterns = [
    path("generate/token", TokenView.as_view(), name="token"),
    path("generate/token/<str:slug>", TokenView.as_view(), name="token-of-integration"),
    re_path(r"^generate/token/(?P<slug>.*)\Z", TokenView.as_view(schema=None)),
]

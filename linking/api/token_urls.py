"""Addresses of the token endpoint: exact paths, so that no redirect ever carries a token somewhere else."""

from django.urls import path

from linking.api.token import TokenView

# Any last part is taken, so that a wrong one gets the endpoint's own answer instead of a page.
urlpatterns = [
    path("generate/token", TokenView.as_view(), name="token"),
    path("generate/token/<str:slug>", TokenView.as_view(), name="token-of-integration"),
]

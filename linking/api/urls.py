"""Addresses of this edge."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("linking.api.token_urls")),
]

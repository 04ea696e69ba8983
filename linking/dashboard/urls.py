"""Addresses of this edge."""

from django.urls import URLPattern, URLResolver, path

from linking.dashboard import admin_link, theme, visitors

urlpatterns: list[URLPattern | URLResolver] = [
    path("", visitors.visitors, name="visitors"),
    path("theme/", theme.choose_theme, name="theme"),
    path("accounts/link/<str:token>/", admin_link.open_link, name="admin_link"),
    path("accounts/own-password/", admin_link.own_password, name="own_password"),
]

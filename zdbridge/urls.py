"""The URLs of the product."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("linking.api.urls")),
    path("", include("linking.dashboard.urls")),
    path("admin/", admin.site.urls),
]
handler500 = "linking.dashboard.shell.errors.answer_error"

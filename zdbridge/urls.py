"""The URLs of the product."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# The admin uses allauth's sign-in, so that its limits and its second factor apply there too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("linking.api.urls")),
    path("", include("linking.dashboard.urls")),
    path("admin/", admin.site.urls),
]
handler500 = "linking.dashboard.shell.errors.server_error"

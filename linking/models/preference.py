"""What somebody likes: one row a person, none for who never chose."""

from django.conf import settings
from django.db import models
from django.db.models import Q

TIME_ZONE_DEFAULT = "UTC"


class Preference(models.Model):
    """`time_zone` is a name of the time zone database; every time a page shows this person is in it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preference"
    )
    time_zone = models.CharField(max_length=64, default=TIME_ZONE_DEFAULT, db_default=TIME_ZONE_DEFAULT)

    class Meta:
        constraints = [models.CheckConstraint(name="preference_names_a_zone", condition=~Q(time_zone=""))]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"

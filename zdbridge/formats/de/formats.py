"""One format for each kind of time, on the dashboard and in the admin: the day, 24 hours, and whose clock it is."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j. M Y, H:i T"
DATE_FORMAT = SHORT_DATE_FORMAT = "j. M Y"
TIME_FORMAT = "H:i"

"""Django's PostgreSQL backend with a faster reader of times; Django imports the class from `base`."""

"""Django's backend for PostgreSQL, with times read in C; Django looks for a backend's class in `base`."""

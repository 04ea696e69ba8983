"""Wiring only: settings, URLs, Celery and the processes. What the product does lives in `linking`."""

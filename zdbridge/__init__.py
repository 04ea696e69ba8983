"""Wiring only: settings, URLs, Celery and the processes. What the product does lives in `linking`."""

# The newest release in CHANGELOG.md, or the next one with `-dev` while changes are unreleased (docs/upgrading.md).
VERSION = "1.1.0-dev"

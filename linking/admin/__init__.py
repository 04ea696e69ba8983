"""The admin: stock Django, with secrets that are only ever written and machine-written tables that are only read."""

from linking.admin import alarms, blocked, integration, people, tables

__all__ = ["alarms", "blocked", "integration", "people", "tables"]

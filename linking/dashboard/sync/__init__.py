"""The sync page: how fresh each integration is, its controls, the last syncs, unreadable records."""

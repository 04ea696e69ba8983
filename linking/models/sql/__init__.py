"""SQL that Django does not write: a lookup by list, bulk statements, and the triggers that keep searched words."""

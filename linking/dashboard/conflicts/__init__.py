"""The conflicts list, and the page where one conflict is decided."""

"""Plain Python: values in, values out. No Django, no HTTP, no clock, no database."""

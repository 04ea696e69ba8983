"""The visitors list: filters, search suggestions, saved views, live news, export, bulk refresh."""

"""How times and dates are written, by language; Django looks here before it asks its own."""

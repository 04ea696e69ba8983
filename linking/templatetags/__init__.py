"""What templates ask beyond Django's own words."""

"""What every page shares: its frame, access, rows, badges, freshness, links out, error pages."""

"""What the sync keeps for itself: runs, its place in Support's feed, webhook calls, connections, leases, questions."""

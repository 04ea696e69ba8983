"""Pages for admins: the people of this installation, and what everybody did."""

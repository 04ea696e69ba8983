"""Notes and labels on the pages of a player and of a visitor, and the page where leads keep the labels."""

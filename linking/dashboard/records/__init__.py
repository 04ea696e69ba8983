"""The pages of one visitor and of one Login user."""

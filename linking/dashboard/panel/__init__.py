"""The panel inside Zendesk: the page that a signed start opens, and the card of a person that the page asks for."""

"""All that one sandbox remembers and can be made to do wrong. Knows no service; `box` holds it together."""

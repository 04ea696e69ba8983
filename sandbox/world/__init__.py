"""The state of one sandbox, its switches and faults. Knows no service; `box` holds all of it."""

"""What support keeps about players for itself: notes, and labels of the house.

`player_notes` writes, edits, removes and lists notes. `labels` keeps the labels that the house has, `player_labels`
puts them on players and reads who carries which. A person has a player in each integration of a Login project: notes
are read of all of them, and a label is put on all of them.
"""

from linking.notes import labels, player_labels, player_notes

__all__ = ["labels", "player_labels", "player_notes"]

"""Plots as SVG from the server: a module for each kind, plain numbers in, records for a template out.

No script and no library draws them. Words stand outside the SVG, so that they keep their size on any screen; every plot
has a sentence that sums it up, words for each step under the pointer, and a table with the same numbers.
"""

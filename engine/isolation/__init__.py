"""Voices of a film: who is seen in which window, what a model makes of it, and the files that windows are joined in."""

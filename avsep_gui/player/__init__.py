"""Playback: sound as the master clock, the picture following it."""

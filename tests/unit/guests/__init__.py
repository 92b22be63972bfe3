"""Tests of `engine.guests`."""

"""Drawn people and synthetic voices: what the sample clip and the test clips are made of."""

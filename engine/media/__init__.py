"""Decoding and encoding: the only modules that know a codec library."""

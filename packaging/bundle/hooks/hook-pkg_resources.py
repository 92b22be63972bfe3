"""Ours is a stand-in (`stand_ins/pkg_resources.py`): nothing of setuptools belongs to it."""

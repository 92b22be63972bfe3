"""Ours is a stand-in (`stand_ins/imageio_ffmpeg.py`): no program belongs to it."""

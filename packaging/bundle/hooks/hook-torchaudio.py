"""In place of the hook that collects its compiled part, which needs CUDA's libraries (engine/audio/resample.py)."""

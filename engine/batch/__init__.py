"""Many files, one job each: the queue and its file, who is meant in each, the work and its summary (docs/batch.md)."""

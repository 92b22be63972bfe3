"""Training: one loop, readable in one go."""

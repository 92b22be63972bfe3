"""Training data: clips of one talking face, speech without a face, noise, and mixtures of them."""

"""Sound as numbers: pictures of it, transforms, resampling."""

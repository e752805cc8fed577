"""Rights: which the package assumes, takes for granted, or gives away."""

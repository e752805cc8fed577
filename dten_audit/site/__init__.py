"""What the user knows of their estate: inventory, config matrices, trust store."""

"""What becomes of configuration keys in the version that is to come."""

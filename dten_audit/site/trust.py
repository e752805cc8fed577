"""The trust store: which roots the user trusts to vouch for a vendor's packages."""

"""cpio, in all its forms."""

"""Programs in other languages than the shell's: what they run, as far as it is written down."""

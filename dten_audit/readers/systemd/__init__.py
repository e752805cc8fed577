"""systemd: unit files and drop-ins, read as systemd itself reads them."""

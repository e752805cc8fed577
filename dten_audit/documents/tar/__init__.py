"""tar (POSIX.1-2017, pax): its headers, what GNU adds to them, files with holes, what is behind."""

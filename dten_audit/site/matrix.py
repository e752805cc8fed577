"""Config matrices (dten-config-matrix/1): which keys a version renamed, removed or changed."""

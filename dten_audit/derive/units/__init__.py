"""Units: which the package controls, needs, brings and replaces, against those of the site."""

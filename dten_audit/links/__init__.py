"""Link: references between documents, resolved once into the package graph."""

"""Read: from a document to local facts and embedded documents. Readers know no rule."""

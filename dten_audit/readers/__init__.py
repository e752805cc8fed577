"""Read: from a document to local facts and embedded documents. Readers know languages and no rule."""

"""The knowledge stage: documents, records, passages, index, conversations."""

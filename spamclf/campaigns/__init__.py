"""Near-duplicates: photos, texts and recipient lists as fingerprints, clusters with a history, campaigns."""

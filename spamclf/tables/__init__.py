"""From a file or dataframe of any kind to a checked Arrow table, and what did not pass, to quarantine."""

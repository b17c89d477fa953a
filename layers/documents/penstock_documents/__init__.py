"""Documents read into records: pages to words, words to fields by a template, and what has drifted from it."""

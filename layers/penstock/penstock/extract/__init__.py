"""The stage between: a document becomes a staged file of records, which is then split like any other."""

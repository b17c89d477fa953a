"""A file judged without any AWS."""

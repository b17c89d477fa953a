"""A destination API for the local world that behaves like a real one.

It wants an OAuth2 token, limits the rate, has bad moments, loses an answer now and then, refuses
single records, and keeps books of everything it applied, so that a run's report can be compared
with what really arrived.
"""

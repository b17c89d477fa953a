"""Penstock: every record of every file ends in exactly one outcome, and the account balances."""

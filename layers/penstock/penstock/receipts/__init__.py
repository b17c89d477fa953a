"""Receipts: what proves to an auditor, without us, how each record ended."""

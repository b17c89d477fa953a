"""The profiles that laws are tried by are known before any of them is read."""

import tests.support.budget as budget

__all__ = ["budget"]

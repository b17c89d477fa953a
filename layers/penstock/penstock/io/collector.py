"""How seldom Python's collector of cycles looks at what there is.

A chunk is tens of thousands of small objects that live until it has ended, and hardly any cycle among them: each look
of the collector finds nothing, and there were hundreds a chunk. What is not in a cycle goes when it is no longer used,
with or without it (Python documentation, "gc").
"""

import gc

SELDOM = 50_000  #: containers made and not gone again, between two looks; Python's own number is 2,000


def collect_seldom() -> None:
    """From now on; what is there already, such as code and clients, is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)

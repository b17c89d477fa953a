"""The verbs of the command, in groups: each reads its options, asks somebody below, and shows what came of it.

What talks to AWS is imported by the verb that needs it: that takes most of a second, and `check` needs none of it.
"""

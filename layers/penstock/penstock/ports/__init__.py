"""What the core needs of the world, a Protocol a module. Each has an in-memory twin and an AWS side in `adapters/`.

One contract suite runs against both. Every port is async, so that a simulator can interleave any two workers at every
call.
"""

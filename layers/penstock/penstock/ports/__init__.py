"""What the core needs of the world, a Protocol a module. Each has an AWS side in `adapters/` and an in-memory twin in
`penstock_testing`.

One contract suite runs against both. Every port is async, so that a simulator can interleave any two workers at every
call.
"""

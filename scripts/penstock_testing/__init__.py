"""Every port of `penstock.ports` in memory: one process, no network, a clock that moves only when somebody sleeps.

For tests: the project's own, and those of whoever writes a feed. The twins keep every promise of the AWS side, since
`tests/contract` runs against both. They are not in the Lambda layer: nothing that is deployed needs them.
"""

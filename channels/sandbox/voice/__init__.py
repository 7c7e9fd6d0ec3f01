"""The telephone network: calls, the documents that steer them, conferences, recordings and the phones at the far ends.

`network.Network` is the whole of it without REST and control API; layers from the bottom: `line` and `legs` (one call),
`documents` and `requests` (what the service says), `recordings`, `rooms`, `switch` (ringing, answering, ending), the
verbs, `program` (which runs them), `network`.
"""

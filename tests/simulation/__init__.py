"""The whole service under a deterministic simulator: one seed gives one world, bit for bit the same each time.

Real node, adapters (with the provider's own SDK), sandbox and journal stand on a simulated disk and network and on a
loop whose time is virtual. There are no sockets, no threads and no waiting.
"""

"""Chat by WebSocket: its protocol, without sockets; sessions, identities and files as they are shown by clients.

The protocol is told in docs/chat-protocol.md. Nothing here reads or writes; `router.http` carries it.
"""

"""Durable memory: one append-only log with a gapless `seq`, the documents folded from it, and the vault of words."""

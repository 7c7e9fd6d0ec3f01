"""Honest waits: how long somebody will wait, as a range that holds as often as it says, learned from past waits."""

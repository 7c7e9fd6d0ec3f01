"""Channels: the outside world, translated.

An adapter turns what came over a wire into a command and an answer back into what goes over it. It decides nothing.
"""

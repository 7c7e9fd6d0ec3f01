"""E-mail: how it travels (`post`, `smtp`, `following` by `imap`), how it is read (`reading`), how ours is written
(`composing`).

Nothing is run on import.
"""

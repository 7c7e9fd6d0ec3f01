"""E-mail: how it travels, without sockets (`post`) and on them (`smtp`). Nothing is run on import."""

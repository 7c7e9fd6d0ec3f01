"""E-mail: how it travels, without sockets (`post`) and on them (`smtp`). Importing this runs nothing."""

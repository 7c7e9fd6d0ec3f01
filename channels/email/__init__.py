"""E-mail: how it travels, without sockets (`post`) and on them (`smtp`, `smtp_session`). Importing this runs nothing."""

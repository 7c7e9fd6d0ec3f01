"""The contact centre in virtual time: who comes, how long they talk, who works when, around the matcher of the core."""

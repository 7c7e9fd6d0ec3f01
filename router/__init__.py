"""The router: what a contact router is (`core`), what it remembers (`journal`), the shell that runs it (`node`)
and the edge that serves it (`http`)."""

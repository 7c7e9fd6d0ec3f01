"""E-mail: letters read and written as bytes, and the ways they travel."""

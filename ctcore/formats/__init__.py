"""A flow in, text or bytes out: what conntrack, /proc and programs read."""

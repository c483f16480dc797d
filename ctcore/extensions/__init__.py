"""The kernel's own extension types, each a plugin like those of third parties."""

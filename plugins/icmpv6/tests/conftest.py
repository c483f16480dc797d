from ctcore.testing.fixtures import converse6, registry

__all__ = ["converse6", "registry"]

from ctcore.testing.fixtures import converse, registry

__all__ = ["converse", "registry"]

"""What goes wrong for a user, each as one clear sentence; the command prints it and exits with status 1."""


class CtcoreError(Exception):
    """The base of every error that is meant for a person: ``str(error)`` is one sentence that names the thing."""


class CaptureError(CtcoreError):
    """A capture that cannot be opened or read on: names the file and, where there is one, the offset in bytes."""


class FilterError(CtcoreError):
    """A libpcap filter or an entry filter that cannot be understood: names the filter and the reason."""


class SysctlError(CtcoreError):
    """An unknown, read-only or out-of-range sysctl: names the sysctl, the value and what it may be."""


class HelperError(CtcoreError):
    """A helper that cannot be given to flows: names the helper and what there is in its place."""


class PluginError(CtcoreError):
    """A plugin that is left out, or that failed in a callback: names the plugin, its distribution and version."""


class AnswerError(TypeError):
    """A hook answered what is no verdict; ``plugin`` is whose hook it is, and bears the blame."""

    def __init__(self, plugin: object, hook: str, answer: object) -> None:
        super().__init__(f"{hook} returned {answer!r}, which is no verdict")
        self.plugin = plugin

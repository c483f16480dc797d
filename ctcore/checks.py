"""What a plugin must be before it is let in: hooks that the vtable has, and data that the kernel could have."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from typing import Any, Final

from pluggy import PluginValidationError

from ctcore.errors import PluginError
from ctcore.expect import ExpectPolicy
from ctcore.facade import hookable
from ctcore.hookspecs import SPECS
from ctcore.manager import Manager

SWITCHES: Final = ("acct", "events", "labels_used", "timestamp")
HELPER_NAME: Final = 15  # letters
HELPER_CLASSES: Final = 4  # the kernel has room for as many


def check_hooks(manager: Manager, plugin: Any) -> tuple[tuple[str, ...], bool]:
    """The names of the hooks that a plugin implements, and whether all of them are wrappers.

    ``manager`` has no plugin, and has none afterwards. Raises PluginError for a hook that the vtable does not have or
    that takes other arguments; the manager is of no more use then.
    """
    registered = hookable(manager.kind, plugin)
    try:
        manager.register(registered)
        manager.check_pending()
    except PluginValidationError as error:
        told = next(_misfits(manager, registered), " ".join(str(error).split()))
        raise PluginError(told) from error
    found = {caller.name: caller.get_hookimpls() for caller in manager.get_hookcallers(registered) or ()}
    if not found:
        raise PluginError(f"it implements no hook of ctcore.{manager.kind}")
    manager.unregister(registered)
    return tuple(sorted(found)), all(impl.wrapper or impl.hookwrapper for impls in found.values() for impl in impls)


def _misfits(manager: Manager, plugin: Any) -> Iterator[str]:
    """A sentence for each marked method that is no hook, and for each that takes what its hook does not have."""
    known = {name: spec for name, spec in vars(SPECS[manager.kind]).items() if inspect.isfunction(spec)}
    for name in dir(plugin):
        if manager.parse_hookimpl_opts(plugin, name) is None:
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            yield f"unknown hook {name!r}: " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
        else:
            has = [argument for argument in inspect.signature(known[name]).parameters if argument != "self"]
            for argument in inspect.signature(getattr(plugin, name)).parameters:
                if argument not in has:
                    yield f"its {name} takes {argument!r}, which the hook does not have: it has {', '.join(has)}"


def protocols_of(plugin: Any) -> tuple[int, ...]:
    """The IP protocol numbers that a helper works over: its ``l4num``, one or several."""
    l4num = plugin.l4num
    return l4num if isinstance(l4num, tuple) else (l4num,)


def check_helper(plugin: Any) -> None:
    """Raises PluginError for a helper whose name, numbers, port or classes are none that the kernel could have."""
    if not 0 < len(plugin.name) <= HELPER_NAME:
        raise PluginError(f"a helper's name has 1 to {HELPER_NAME} letters")
    for name, largest in (("l3num", 255), ("l4num", 255), ("port", 0xFFFF)):
        value = getattr(plugin, name, None)
        numbers = value if name == "l4num" and isinstance(value, tuple) and value else (value,)
        for number in numbers:
            if not isinstance(number, int) or not 0 <= number <= largest:
                raise PluginError(f"its {name} must be a number from 0 to {largest}, not {number!r}")
    _check_policies(getattr(plugin, "policies", ()))
    private = getattr(plugin, "private", None)
    if private is not None and not callable(private):
        raise PluginError(
            f"its private is called for each flow, as a class is, and a {type(private).__name__} cannot be"
        )


def check_extension(plugin: Any) -> None:
    """Raises PluginError for an extension type with a switch that no namespace has."""
    switch = getattr(plugin, "switch", None)
    if switch is not None and switch not in SWITCHES:
        raise PluginError(f"its switch must be one of {', '.join(SWITCHES)}, not {switch!r}")


def _check_policies(policies: Any) -> None:
    if (
        not isinstance(policies, tuple | list)
        or not 0 < len(policies) <= HELPER_CLASSES
        or not all(isinstance(policy, ExpectPolicy) for policy in policies)
    ):
        raise PluginError(
            f"its policies must be a tuple of 1 to {HELPER_CLASSES} of ExpectPolicy, a class of expectations each"
        )
    for policy in policies:
        numbers = (policy.max_expected, policy.timeout)
        if not all(isinstance(number, int) and number >= 0 for number in numbers) or policy.max_expected > 255:
            raise PluginError(
                "a class of expectations has a max_expected from 0 to 255 and a timeout that is not negative, "
                "both whole numbers"
            )

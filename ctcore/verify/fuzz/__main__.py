"""``python -m ctcore.verify.fuzz``: look for a difference between the running kernel and ctcore."""

from __future__ import annotations

import sys

from ctcore.verify.fuzz.command import main

sys.exit(main())

"""The benchmark is a set of programs, not a package: its parts find each other beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

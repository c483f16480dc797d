"""Sphinx: the manual. ``sphinx-build -W -b html docs OUT`` with the plugins installed, whose settings it shows."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from ctcore import __version__

project = "ctcore"
author = "The ctcore authors"
copyright = "The ctcore authors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "reference"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_ext", "_static"]
highlight_language = "none"
maximum_signature_line_length = 80
python_display_short_literal_types = True
toc_object_entries = False

html_theme = "furo"
html_title = f"ctcore {release}"
html_static_path = ["_static"]
html_css_files = ["ctcore.css"]
html_copy_source = False
html_show_sphinx = False
html_domain_indices = False

"""Answers as pages to open in a browser, to mail and to print: one file each, which loads nothing from anywhere.

`pages` says what stands on each page, `views` prepares what the templates show, `rendering` fills them. The templates
escape everything; a content security policy in each page allows its own style and script by their hashes and nothing
else, so that even a name that got through could do nothing. Pages work without the script; it only filters and copies.
"""

from __future__ import annotations

from aksess.report.html.pages import audit, comparison, egress, explanation, plan, reach
from aksess.report.html.rehearsal import rehearsal

__all__ = ["audit", "comparison", "egress", "explanation", "plan", "reach", "rehearsal"]

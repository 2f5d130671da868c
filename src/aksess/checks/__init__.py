"""Checks: one file each, with a page each in `docs/checks`; `registry` lists them.

Source of the model: zizmor (one file and one page a check; severity and confidence as separate axes).
"""

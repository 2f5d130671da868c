"""Answers on paper: one module a form (text, json, sarif, markdown, html), `routes` for what they share.

Nothing here works anything out; every form shows what the library found.
"""

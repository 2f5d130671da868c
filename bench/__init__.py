"""Speed and memory, as ratios against a plain reference in the same run; `python -m bench` prints them.

Nothing here is a test: a slow machine is no defect. What counts is the ratio to the reference beside it.
"""

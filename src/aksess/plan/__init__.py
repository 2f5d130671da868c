"""From policies and an estate to an ordered list of changes, proved by evaluating the estate after them."""

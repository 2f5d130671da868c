"""Who reaches what: hops joined into paths, one fold for every question.

`evaluator` is the fold; `questions` asks it for given sources and for everybody, `exposures` for every way in,
`comparison` for two estates. Nothing else in the product computes access.
"""

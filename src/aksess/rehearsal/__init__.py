"""An estate as packets, and what they show against what the evaluator says.

`outcomes` puts what a client saw into the words of the contract, `prediction` asks the evaluator for everything that
may happen to one connection, `trials` chooses what is worth trying, `playing` lets the lab play it.
"""

"""The layers of Azure and Kubernetes that judge a connection: how each decides, and how it is written.

One module a layer. Each takes nouns of the estate and gives `aksess.rulings.Partition` values over sources.
"""

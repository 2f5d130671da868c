"""Who can reach this application on AKS, through which rule. See `aksess.errors` for what can go wrong."""

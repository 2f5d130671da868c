"""Ingress and gateway controllers: one package each, independent of each other, behind `interface`."""

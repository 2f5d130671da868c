"""Tests of the ingress-nginx model; `estates` writes estates, `recorded` reads recorded answers."""

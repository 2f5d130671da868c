"""The model against real packets and real programs: random estates, the same questions to both, every answer compared.

Three benches: the quick lab (`quick`), the real kube-proxy (`kube_proxy`), the real ingress-nginx controller
(`ingress_nginx`). Estates come from `themes`, one for each interaction that chance alone would hardly reach. A mismatch
is asked again, then shrunk to a small estate and printed with its seed. `mutants` are one-line faults in the evaluator;
each must be noticed.
"""

"""The estate as real packets: the parts that decide on a cluster, run for real where nothing can leak out.

`parts` finds the real programs: the API server, kube-proxy, controllers and proxies that ``parts/build.py`` builds
and the packages of the distribution. `namespaces` gives them a world of their own, `programs` runs them in it, and
`apiserver`, `kube_proxy` and `ingress_nginx` start one part each and say when it is ready.

The lab shares nothing with the evaluator: it knows addresses, snapshots and estates, never layers, controllers or
access. Agreement of the two would prove nothing otherwise.
"""

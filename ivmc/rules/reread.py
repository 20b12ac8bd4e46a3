"""GROUP BY, touched groups read again.

    K  =  δ π_keys(ΔR)          A(R′)  =  A(R) − A(R) ⋉ K  +  γ(R′ ⋉ K)

For aggregates that cannot be taken back: holistic ones (string_agg, percentiles, DISTINCT), sums of
floats, user-defined ones. K is of the *net* change: an update of columns that the aggregate does
not read touches no group.

State   one row per group: the result itself, no counters.
Cost    O(Δ) for K, O(rows of the touched groups) to read them through an index on the key.
Class   re-evaluated by key.
Source  Gupta, Mumick 1995, "Maintenance of Materialized Views", §3.
"""

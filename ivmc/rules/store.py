"""The stored result of a query without a stateful operator.

    V′  =  V + ΔQ

By key where one can be carried through the plan: of the net change, the row that went and the row
that came with the same key are one update. Without a key, by whole row image, with a weight.

State   the result.
Cost    O(Δ).
Class   linear.
Source  Gupta, Mumick, Subrahmanian 1993, "Maintaining Views Incrementally" (counting).
"""

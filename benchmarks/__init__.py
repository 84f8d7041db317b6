"""How fast vpcroute is beside its peers, on one machine in one run: ``python -m benchmarks``.

The modules, in the order of the work: :mod:`tables` (prefixes and names to look up in), :mod:`inputs` (what is asked),
:mod:`contenders` (who is asked, as data), :mod:`agreement` (nobody is timed who answers otherwise), :mod:`timing`,
:mod:`suite` and :mod:`oneshot` (the workloads), :mod:`changes`, :mod:`analysis`, :mod:`policies`, :mod:`memory`,
:mod:`growth`, :mod:`targets`, :mod:`report` and :mod:`plot`.
"""

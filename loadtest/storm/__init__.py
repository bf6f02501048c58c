"""`make bench ARGS=storm`: many resumable sessions of one node drop, and come back at once.

The sessions, each a `Returner`, are in a process of their own (`clients`); `crowd` is the hold on
it. `trial` measures, with bystanders in this process.
"""

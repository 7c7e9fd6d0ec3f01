"""The pure heart: `decide(state, command, context) -> decision` and `evolve(state, event) -> state`.

Its one rule: no clock, chance, environment, I/O, logging or globals. What is needed from outside is passed in, so the
same functions run live, in replay and under the simulator.
"""

"""The shell: one loop that runs the pure core, with all effects, timers, consumers and the outbox."""

"""Guest engines: published models of others, each in a Python environment and a process of its own."""

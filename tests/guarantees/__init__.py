"""The guarantee suite: what AVSep promises of any input and any fault, tried and measured by one command."""

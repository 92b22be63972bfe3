"""Widgets, one per file. They read the document and emit intents; they hold no facts."""

"""The AVSep engine: media, people, models and separation. No Qt, no printing outside `engine.cli`."""

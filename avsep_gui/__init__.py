"""The AVSep window. It talks to the engine through `engine.api` alone and never imports torch."""

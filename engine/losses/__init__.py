"""Objectives: separation here, cross-modal ones beside it."""

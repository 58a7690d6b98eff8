"""Tunes over HTTP."""

"""Asyncio-native SDK for Astria."""

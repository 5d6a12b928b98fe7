"""Adapters: how Greenroom meets each platform."""

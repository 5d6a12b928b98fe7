"""Greenroom: social media bots with a persona."""

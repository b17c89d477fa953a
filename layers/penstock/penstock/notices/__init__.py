"""Telling people: what an event gives cause for, who hears of it, in which words and by which way."""

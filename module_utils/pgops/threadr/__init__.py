"""Threadr's own profile: its key patterns and the rules from value to row."""

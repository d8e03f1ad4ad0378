"""Emotional intelligence: own items, EQ-Bench, EmoBench, and whether items can be solved unread."""

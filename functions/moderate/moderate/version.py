"""Holds the version of Modest, for its answers, its User-Agent and its package."""

VERSION = "0.1.0"

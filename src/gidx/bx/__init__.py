"""Interval index files of the package bx-python."""

"""Recipes for points in the plane."""

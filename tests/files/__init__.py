"""Tests of the open-format files adapter."""

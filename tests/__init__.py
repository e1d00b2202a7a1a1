"""Tests of the library; a package, so that tests can share models and builders by relative imports."""

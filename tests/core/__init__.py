"""The core compared with the reference models on random histories, and tables for each of its rules."""

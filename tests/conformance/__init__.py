"""The harness judged: that it raises no false alarm, and that it finds what it must find."""

"""Crash, fault and power loss: whatever stops a command, the old legal state stands or the new one (S-27)."""

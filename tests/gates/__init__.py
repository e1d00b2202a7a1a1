"""Gates that stop a file until two people have looked at it (S-28)."""

"""業務: one module per job; each reads like the numbered steps of the rules."""

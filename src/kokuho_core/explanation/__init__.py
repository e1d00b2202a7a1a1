"""説明: why a value is what it is: the facts without which it would be another, and the rules that lead to it."""

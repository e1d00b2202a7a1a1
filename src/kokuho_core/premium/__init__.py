"""保険料: the parts of a premium from rates of an ordinance. No more than the sum; 賦課 itself is not part of this library."""

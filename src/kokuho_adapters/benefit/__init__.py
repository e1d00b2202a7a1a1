"""給付の入出力: the calculation of 高額療養費 as JSON, as text for people, as KOGAKU, and in bulk."""

"""受付: what happens to files and records on arrival (X-1 … X-5): sequence, hold, duplicate, refusal, 受渡簿."""

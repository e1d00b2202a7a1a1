"""証: 資格確認書 and 資格情報のお知らせ, 付属証, and the My Number card used as an insurance card (C-1 … C-5)."""

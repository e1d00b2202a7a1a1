"""自庁: the municipal office's own side: notices (届出) become its history and its files; what comes back is kept beside it."""

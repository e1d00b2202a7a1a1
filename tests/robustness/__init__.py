"""ファイルの堅牢さ: files that are cut, changed, doubled, late or hostile."""

"""合成ファイル: writes the files of a prefecture that does not exist, in the open format. Never made from real data."""

from kokuho_adapters.synthetic.generation import DEFAULT_BASE_DAY, GeneratedFiles, generate_day, generate_prefecture

__all__ = ["DEFAULT_BASE_DAY", "GeneratedFiles", "generate_day", "generate_prefecture"]

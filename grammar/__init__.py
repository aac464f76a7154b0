"""The language as data files (sop.lark, mistakes.toml); a package so that installs carry them."""

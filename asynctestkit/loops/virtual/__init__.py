"""Virtual time: a clock that jumps to the next timer where nothing else can happen."""

"""Virtual time: a clock that jumps to the next timer when nothing else can happen."""

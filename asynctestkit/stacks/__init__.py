"""Creation sites, stacks and await chains, as values and as text."""

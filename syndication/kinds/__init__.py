"""What posts can be: one module for each kind. No file outside this folder knows a kind."""

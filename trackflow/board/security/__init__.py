"""Who may do what on the board, and what a browser may do with its pages."""

"""What the pages of orders show, and the files that they give."""

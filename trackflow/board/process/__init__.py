"""What the page of a process shows: figures, words, charts, and what is different between two selections."""

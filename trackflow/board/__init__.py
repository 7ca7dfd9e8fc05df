"""The board: a web page that shows every order on its process, and where people mend what is wrong."""

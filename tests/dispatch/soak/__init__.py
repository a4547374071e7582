"""Does everything hold for minutes under a load of all sorts? See `__main__`."""

"""How fast is actortrace beside bare Pykka? Run `make bench`, or `python -m benchmarks --help`."""

"""What does a supervision tree look like at work? One that indexes files and crashes at some.

From a folder to a picture, one file for each step:

    source_tree   a folder -> batches of files           walker     deals the batches out
    source_file   a file -> its definitions and imports  parser     crashes at what does not parse
    index         those -> SQLite                        writer     keeps the tally
                                                         indexing   the supervisor of them all

    recording     finished spans -> a file               (recorder), and a collector (collector)
    command       all of it, from the arguments of the command line to the exit status
                                                         (interruption, screen, summary, outcome)

The actors tell each other what `message` defines.
"""

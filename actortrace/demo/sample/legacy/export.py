"""Prints the stock, in the Python of 2008."""

import sys


def export(stock):
    for name, count in sorted(stock.items()):
        print >>sys.stderr, name
        print "%-20s %5d" % (name, count)

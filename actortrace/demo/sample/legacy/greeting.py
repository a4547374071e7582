"""Grüße: written on a computer that knew only Latin-1, and does not say so."""


def greet(name):
    return "Schönen Tag, " + name

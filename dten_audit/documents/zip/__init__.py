"""The ZIP family (APPNOTE.TXT 6.3.10): zip, jar, war, ear, wheel, apk, nupkg, office documents.

A ZIP tells the same things twice, in the central directory and before each member; programs trust
one or the other. We read both, say where they differ, and read every content that can be reached.
"""

"""A strict fake of Discord: its HTTP API and its gateway, as the vendor documents them, on loopback.

It refuses what Discord refuses and sends what Discord sends. It knows nothing of Greenroom. What people do is ordered
below `/_fake/`. Its state is in one SQLite file, on disk before it is told to anybody, and outlives its process.
"""

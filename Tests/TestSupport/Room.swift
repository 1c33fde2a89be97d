// Room: see Package.swift.

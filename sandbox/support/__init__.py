"""The Support account of Messaging: its people in two stores, and the calls on them. Facts: ../README.md, M1 to M11."""

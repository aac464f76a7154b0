"""Spark Connect, behind the Database protocol: Apache Spark, and Sail."""

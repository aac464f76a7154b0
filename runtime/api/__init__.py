"""HTTP requests → runs, scripts and information about both: the service behind `sopvm serve`.

app.py puts the parts together; each address has its handler in a module named after it (play, runs, scripts, …).
"""

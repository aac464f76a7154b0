"""Cron expressions, scripts and arguments → runs that begin when they are due."""

"""What the build runs beside the tests: lowest versions, licences and audit, coverage by package, the site's pages."""

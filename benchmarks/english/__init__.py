"""How often English becomes the right program: a set of cases and a translator → right, wrong, asked, refused."""

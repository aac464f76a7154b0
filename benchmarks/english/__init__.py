"""How often English becomes the right program: a set of cases through a translator → right, wrong, asked, refused."""

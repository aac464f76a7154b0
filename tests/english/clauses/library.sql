CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, joined DATE NOT NULL, level TEXT NOT NULL DEFAULT 'standard', fines DECIMAL(8,2) NOT NULL DEFAULT 0, blocked BOOLEAN NOT NULL DEFAULT 0);
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author TEXT NOT NULL, genre TEXT NOT NULL, year INTEGER NOT NULL, copies INTEGER NOT NULL);
CREATE TABLE loans (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES books (id), member_id INTEGER NOT NULL REFERENCES members (id), due DATE NOT NULL, returned DATE);
CREATE TABLE old_loans (id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL, member_id INTEGER NOT NULL, due DATE NOT NULL, returned DATE);
INSERT INTO members VALUES (1,'Pia','2019-04-01','standard',0,0),(2,'Quentin','2020-05-05','premium',12,0),(3,'Rosa','2024-01-15','standard',30,1),(4,'Sven','2025-08-08','standard',4,0);
INSERT INTO books VALUES (1,'Dune','Herbert','science fiction',1965,3),(2,'Emma','Austen','romance',1815,1),(3,'Neuromancer','Gibson','science fiction',1984,2),(4,'Persuasion','Austen','romance',1817,0);
INSERT INTO loans VALUES (1,1,1,'2026-01-15',NULL),(2,1,2,'2025-12-01','2025-11-28'),(3,2,3,'2025-10-10',NULL),(4,3,3,'2025-11-11',NULL),(5,3,4,'2025-06-01','2025-06-20');

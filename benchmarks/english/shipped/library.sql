CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL UNIQUE,
    author TEXT NOT NULL,
    genre TEXT NOT NULL,
    published INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    price DECIMAL(10,2) NOT NULL
);
CREATE TABLE readers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    city TEXT NOT NULL,
    email TEXT,
    joined_on DATE NOT NULL,
    blocked BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    book_id INTEGER NOT NULL REFERENCES books (id),
    reader_id INTEGER NOT NULL REFERENCES readers (id),
    lent_on DATE NOT NULL,
    due_on DATE NOT NULL,
    returned_on DATE,
    fine DECIMAL(10,2) NOT NULL DEFAULT 0
);
CREATE TABLE reminders (
    id INTEGER PRIMARY KEY,
    loan_id INTEGER NOT NULL REFERENCES loans (id),
    sent_on DATE NOT NULL,
    note TEXT
);
INSERT INTO books (id, title, author, genre, published, copies, price) VALUES
    (1, 'Emma', 'Austen', 'novel', 1815, 3, 12.50),
    (2, 'Persuasion', 'Austen', 'novel', 1817, 1, 11.00),
    (3, 'Dracula', 'Stoker', 'horror', 1897, 2, 9.90),
    (4, 'Walden', 'Thoreau', 'essay', 1854, 0, 14.25),
    (5, 'Dubliners', 'Joyce', 'stories', 1914, 2, 10.00),
    (6, 'Ulysses', 'Joyce', 'novel', 1922, 4, 22.80),
    (7, 'Carmilla', 'Le Fanu', 'horror', 1872, 1, 7.50);
INSERT INTO readers (id, name, city, email, joined_on, blocked) VALUES
    (1, 'Hanna', 'Graz', 'hanna@mail.test', '2019-02-11', 0),
    (2, 'Ivo', 'Linz', NULL, '2020-07-01', 1),
    (3, 'Jana', 'Graz', 'jana@mail.test', '2022-09-19', 0),
    (4, 'Karl', 'Wels', NULL, '2023-05-05', 0),
    (5, 'Lea', 'Linz', 'lea@mail.test', '2024-01-15', 0);
INSERT INTO loans (id, book_id, reader_id, lent_on, due_on, returned_on, fine) VALUES
    (1, 1, 1, '2024-01-05', '2024-02-05', '2024-02-01', 0),
    (2, 3, 1, '2024-02-10', '2024-03-10', '2024-03-25', 3.00),
    (3, 6, 2, '2024-02-12', '2024-03-12', NULL, 0),
    (4, 6, 3, '2024-03-01', '2024-04-01', '2024-03-20', 0),
    (5, 4, 3, '2024-03-02', '2024-04-02', NULL, 0),
    (6, 5, 5, '2024-04-15', '2024-05-15', '2024-06-01', 3.40),
    (7, 1, 5, '2024-04-20', '2030-05-20', NULL, 0),
    (8, 7, 2, '2023-11-02', '2023-12-02', '2024-01-10', 7.80),
    (9, 6, 1, '2024-05-03', '2024-06-03', '2024-05-30', 0);

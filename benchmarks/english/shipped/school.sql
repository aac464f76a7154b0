CREATE TABLE teachers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL
);
CREATE TABLE courses (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL UNIQUE,
    teacher_id INTEGER REFERENCES teachers (id),
    room TEXT NOT NULL,
    credits INTEGER NOT NULL,
    starts_on DATE NOT NULL
);
CREATE TABLE students (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    grade INTEGER NOT NULL,
    town TEXT NOT NULL,
    born_on DATE NOT NULL
);
CREATE TABLE enrollments (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id),
    course_id INTEGER NOT NULL REFERENCES courses (id),
    score INTEGER,
    enrolled_on DATE NOT NULL
);
CREATE TABLE warnings (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id),
    reason TEXT NOT NULL,
    issued_on DATE NOT NULL
);
INSERT INTO teachers (id, name, subject) VALUES (1, 'Weber', 'maths'), (2, 'Sato', 'physics'), (3, 'Costa', 'history');
INSERT INTO courses (id, title, teacher_id, room, credits, starts_on) VALUES
    (1, 'Algebra', 1, 'B12', 6, '2024-09-02'),
    (2, 'Geometry', 1, 'B14', 4, '2024-09-03'),
    (3, 'Optics', 2, 'Lab', 5, '2025-02-03'),
    (4, 'Middle Ages', 3, 'A01', 3, '2024-09-04'),
    (5, 'Chess', NULL, 'A01', 1, '2025-02-10');
INSERT INTO students (id, name, grade, town, born_on) VALUES
    (1, 'Ben', 9, 'Ulm', '2009-03-14'),
    (2, 'Cleo', 10, 'Ulm', '2008-07-02'),
    (3, 'Dov', 9, 'Aalen', '2009-11-23'),
    (4, 'Edda', 11, 'Ulm', '2007-01-30'),
    (5, 'Finn', 10, 'Gmund', '2008-12-12'),
    (6, 'Gia', 11, 'Aalen', '2007-05-18');
INSERT INTO enrollments (id, student_id, course_id, score, enrolled_on) VALUES
    (1, 1, 1, 72, '2024-08-20'), (2, 1, 2, 65, '2024-08-20'), (3, 2, 1, 91, '2024-08-21'),
    (4, 2, 3, NULL, '2025-01-11'), (5, 3, 1, 48, '2024-08-25'), (6, 3, 4, 77, '2024-08-25'),
    (7, 4, 2, 88, '2024-08-19'), (8, 4, 3, NULL, '2025-01-12'), (9, 4, 4, 95, '2024-08-19'),
    (10, 5, 4, 39, '2024-08-30'), (11, 5, 1, 55, '2024-08-30');

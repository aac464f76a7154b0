CREATE TABLE departments (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    location TEXT NOT NULL,
    budget DECIMAL(12,2) NOT NULL
);
CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    department TEXT NOT NULL REFERENCES departments (name),
    salary INTEGER NOT NULL,
    hired_on DATE NOT NULL,
    active BOOLEAN NOT NULL DEFAULT 1
);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    employee_id INTEGER NOT NULL REFERENCES employees (id),
    month DATE NOT NULL,
    gross DECIMAL(10,2) NOT NULL,
    tax DECIMAL(10,2) NOT NULL,
    net DECIMAL(10,2) NOT NULL,
    UNIQUE (employee_id, month)
);
INSERT INTO departments (id, name, location, budget) VALUES
    (1, 'Engineering', 'Berlin', 900000),
    (2, 'Sales', 'London', 400000),
    (3, 'Finance', 'London', 300000),
    (4, 'Support', 'Lisbon', 250000),
    (5, 'Research', 'Berlin', 500000);
INSERT INTO employees (id, name, department, salary, hired_on, active) VALUES
    (1, 'Ada', 'Engineering', 180000, '2016-03-01', 1),
    (2, 'Grace', 'Engineering', 172000, '2018-09-15', 1),
    (3, 'Linus', 'Engineering', 149000, '2020-01-10', 1),
    (4, 'Margaret', 'Engineering', 158000, '2015-06-30', 1),
    (5, 'Dennis', 'Engineering', 165000, '2012-11-05', 0),
    (6, 'Ken', 'Engineering', 121000, '2023-04-17', 1),
    (7, 'Barbara', 'Sales', 98000, '2019-02-11', 1),
    (8, 'Tim', 'Sales', 91000, '2021-07-01', 1),
    (9, 'Radia', 'Sales', 88000, '2022-10-20', 1),
    (10, 'Vint', 'Sales', 76000, '2024-02-05', 0),
    (11, 'Frances', 'Finance', 112000, '2017-08-28', 1),
    (12, 'Edsger', 'Finance', 94000, '2020-05-04', 1),
    (13, 'Anita', 'Support', 61000, '2021-01-18', 1),
    (14, 'Donald', 'Support', 58000, '2023-09-09', 1),
    (15, 'Shafi', 'Support', 57000, '2018-12-03', 1);

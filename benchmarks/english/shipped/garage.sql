CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    phone TEXT
);
CREATE TABLE cars (
    plate TEXT PRIMARY KEY,
    make TEXT NOT NULL,
    model TEXT NOT NULL,
    built INTEGER NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES owners (id)
);
CREATE TABLE repairs (
    id INTEGER PRIMARY KEY,
    car_plate TEXT NOT NULL REFERENCES cars (plate),
    job TEXT NOT NULL,
    cost DECIMAL(10,2) NOT NULL,
    hours FLOAT NOT NULL,
    booked_on DATE NOT NULL,
    finished BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    supplier TEXT NOT NULL,
    stock INTEGER NOT NULL,
    minimum INTEGER NOT NULL,
    price DECIMAL(10,2) NOT NULL
);
CREATE TABLE purchases (
    id INTEGER PRIMARY KEY,
    part_id INTEGER NOT NULL REFERENCES parts (id),
    quantity INTEGER NOT NULL,
    ordered_on DATE NOT NULL,
    state TEXT NOT NULL DEFAULT 'new'
);
INSERT INTO owners (id, name, phone) VALUES (1, 'Reyes', '555-01'), (2, 'Singh', NULL), (3, 'Thorne', '555-03');
INSERT INTO cars (plate, make, model, built, owner_id) VALUES
    ('AB-12', 'Volvo', 'V60', 2016, 1), ('CD-34', 'Fiat', 'Panda', 2009, 1), ('EF-56', 'Volvo', 'XC40', 2021, 2),
    ('GH-78', 'Skoda', 'Fabia', 2013, 3), ('IJ-90', 'Fiat', 'Tipo', 2018, 3);
INSERT INTO repairs (id, car_plate, job, cost, hours, booked_on, finished) VALUES
    (1, 'AB-12', 'brakes', 310.00, 2.5, '2024-01-15', 1), (2, 'AB-12', 'oil', 90.00, 0.5, '2024-06-15', 1),
    (3, 'CD-34', 'clutch', 720.00, 6.0, '2024-02-20', 1), (4, 'EF-56', 'oil', 95.00, 0.5, '2024-03-05', 1),
    (5, 'GH-78', 'brakes', 280.00, 2.0, '2024-03-07', 1), (6, 'GH-78', 'lights', 45.00, 0.75, '2025-01-20', 0),
    (7, 'IJ-90', 'clutch', 690.00, 5.5, '2025-02-01', 0), (8, 'CD-34', 'oil', 85.00, 0.5, '2025-02-02', 0);
INSERT INTO parts (id, name, supplier, stock, minimum, price) VALUES
    (1, 'brake pad', 'Norma', 4, 10, 35.00), (2, 'oil filter', 'Norma', 25, 8, 9.50),
    (3, 'clutch kit', 'Delta', 1, 2, 210.00), (4, 'bulb', 'Lumo', 0, 20, 2.25), (5, 'wiper', 'Lumo', 12, 12, 14.00);
INSERT INTO purchases (id, part_id, quantity, ordered_on, state) VALUES
    (1, 4, 50, '2024-12-01', 'new'), (2, 2, 20, '2024-11-11', 'received');

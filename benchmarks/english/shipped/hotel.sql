CREATE TABLE rooms (
    number INTEGER PRIMARY KEY,
    floor INTEGER NOT NULL,
    kind TEXT NOT NULL,
    nightly_rate DECIMAL(10,2) NOT NULL,
    clean BOOLEAN NOT NULL DEFAULT 1
);
CREATE TABLE guests (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    vip BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY,
    room_number INTEGER NOT NULL REFERENCES rooms (number),
    guest_id INTEGER NOT NULL REFERENCES guests (id),
    arrives_on DATE NOT NULL,
    leaves_on DATE NOT NULL,
    status TEXT NOT NULL DEFAULT 'confirmed',
    paid DECIMAL(10,2) NOT NULL DEFAULT 0
);
INSERT INTO rooms (number, floor, kind, nightly_rate, clean) VALUES
    (101, 1, 'single', 80.00, 1), (102, 1, 'double', 120.00, 0), (201, 2, 'double', 125.00, 1),
    (202, 2, 'suite', 300.00, 1), (301, 3, 'suite', 340.00, 0), (302, 3, 'single', 85.00, 1);
INSERT INTO guests (id, name, country, vip) VALUES
    (1, 'Moreau', 'France', 1), (2, 'Nakamura', 'Japan', 0), (3, 'Olsen', 'Norway', 0), (4, 'Petit', 'France', 0),
    (5, 'Quist', 'Norway', 1);
INSERT INTO bookings (id, room_number, guest_id, arrives_on, leaves_on, status, paid) VALUES
    (1, 101, 2, '2024-06-01', '2024-06-04', 'done', 240.00),
    (2, 202, 1, '2024-06-10', '2024-06-12', 'done', 600.00),
    (3, 201, 3, '2024-07-01', '2024-07-08', 'cancelled', 0),
    (4, 301, 1, '2024-08-15', '2024-08-20', 'done', 1700.00),
    (5, 102, 4, '2024-08-16', '2024-08-18', 'done', 120.00),
    (6, 202, 5, '2030-01-02', '2030-01-09', 'confirmed', 500.00),
    (7, 101, 3, '2030-02-01', '2030-02-02', 'confirmed', 0),
    (8, 201, 1, '2030-03-01', '2030-03-05', 'confirmed', 0);

CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    lead_days INTEGER NOT NULL
);
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    quantity INTEGER NOT NULL,
    unit_price DECIMAL(10,2) NOT NULL,
    supplier_id INTEGER REFERENCES suppliers (id),
    discontinued BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE reorders (
    id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items (id),
    quantity INTEGER NOT NULL,
    requested_on DATE NOT NULL,
    status TEXT NOT NULL
);
CREATE TABLE anomalies (
    id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items (id),
    note TEXT NOT NULL,
    found_on DATE NOT NULL
);
INSERT INTO suppliers (id, name, country, lead_days) VALUES
    (1, 'Nuts & Bolts Ltd', 'Germany', 5),
    (2, 'O''Hara Metals', 'Ireland', 9),
    (3, 'Bright Lamps', 'Spain', 14);
INSERT INTO items (id, name, quantity, unit_price, supplier_id, discontinued) VALUES
    (1, 'bolt', 4, 0.12, 1, 0),
    (2, 'nut', 7, 0.08, 1, 0),
    (3, 'washer', 250, 0.03, 1, 0),
    (4, 'bracket', 3, 2.40, 2, 0),
    (5, 'hinge', 9, 3.10, 2, 0),
    (6, 'steel sheet', 41, 18.75, 2, 0),
    (7, 'lamp', 0, 24.90, 3, 0),
    (8, 'bulb', 6, 1.95, 3, 0),
    (9, 'cable', 120, 4.20, 3, 0),
    (10, 'fuse', 8, 0.65, 3, 0),
    (11, 'candle', 0, 0.90, NULL, 1),
    (12, 'switch', -2, 5.50, 3, 0),
    (13, 'lantern', 15, 31.00, NULL, 0),
    (14, 'spring', 60, 0.45, 1, 0);
INSERT INTO reorders (id, item_id, quantity, requested_on, status) VALUES
    (1, 4, 20, '2026-09-01', 'open'),
    (2, 3, 500, '2024-02-12', 'open'),
    (3, 9, 100, '2023-05-20', 'cancelled'),
    (4, 6, 30, '2023-11-02', 'received'),
    (5, 14, 200, '2025-01-15', 'cancelled'),
    (6, 1, 100, '2024-04-30', 'received');

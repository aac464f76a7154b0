CREATE TABLE stages (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    capacity INTEGER NOT NULL
);
CREATE TABLE bands (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    genre TEXT NOT NULL,
    country TEXT NOT NULL,
    fee DECIMAL(10,2) NOT NULL,
    booked BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE shows (
    id INTEGER PRIMARY KEY,
    band_id INTEGER NOT NULL REFERENCES bands (id),
    stage_id INTEGER NOT NULL REFERENCES stages (id),
    plays_on DATE NOT NULL,
    minutes INTEGER NOT NULL
);
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    show_id INTEGER NOT NULL REFERENCES shows (id),
    buyer TEXT NOT NULL,
    price DECIMAL(10,2) NOT NULL,
    sold_at TIMESTAMP NOT NULL,
    refunded BOOLEAN NOT NULL DEFAULT 0
);
INSERT INTO stages (id, name, capacity) VALUES (1, 'Meadow', 5000), (2, 'Barn', 400), (3, 'Cellar', 120);
INSERT INTO bands (id, name, genre, country, fee, booked) VALUES
    (1, 'Anvil Choir', 'metal', 'Germany', 4000.00, 1), (2, 'Bluebird', 'folk', 'Ireland', 1500.00, 1),
    (3, 'Cobalt', 'jazz', 'France', 2200.00, 1), (4, 'Dune', 'folk', 'Mali', 1800.00, 0),
    (5, 'Ember', 'metal', 'Norway', 5200.00, 1), (6, 'Fable', 'jazz', 'France', 900.00, 0);
INSERT INTO shows (id, band_id, stage_id, plays_on, minutes) VALUES
    (1, 1, 1, '2024-07-05', 90), (2, 2, 2, '2024-07-05', 60), (3, 3, 3, '2024-07-06', 75),
    (4, 5, 1, '2024-07-06', 80), (5, 2, 1, '2024-07-07', 45), (6, 3, 2, '2024-07-07', 60);
INSERT INTO tickets (id, show_id, buyer, price, sold_at, refunded) VALUES
    (1, 1, 'Uma', 60.00, '2024-05-01T09:00:00Z', 0), (2, 1, 'Viktor', 60.00, '2024-05-03T12:30:00Z', 0),
    (3, 2, 'Uma', 25.00, '2024-05-03T12:31:00Z', 1), (4, 3, 'Wanda', 30.00, '2024-06-10T18:00:00Z', 0),
    (5, 4, 'Xavi', 65.00, '2024-06-11T08:15:00Z', 0), (6, 4, 'Uma', 70.00, '2024-06-20T20:00:00Z', 0),
    (7, 5, 'Wanda', 40.00, '2024-07-01T10:00:00Z', 1), (8, 6, 'Viktor', 28.00, '2024-07-02T11:45:00Z', 0);

CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    joined_on DATE NOT NULL,
    loyal BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    label TEXT NOT NULL UNIQUE,
    family TEXT NOT NULL,
    price DECIMAL(10,2) NOT NULL
);
CREATE TABLE sales (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    product_id INTEGER REFERENCES products (id),
    region TEXT NOT NULL,
    amount DECIMAL(10,2) NOT NULL,
    sold_on DATE NOT NULL,
    remark TEXT
);
INSERT INTO customers (id, title, country, joined_on, loyal) VALUES
    (1, 'Acme', 'France', '2020-05-01', 1),
    (2, 'Bolt', 'Germany', '2021-02-14', 0),
    (3, 'Corona', 'France', '2022-07-30', 1),
    (4, 'Dunlap', 'Kenya', '2024-01-20', 0);
INSERT INTO products (id, label, family, price) VALUES
    (1, 'kettle', 'Kitchen', 25.50),
    (2, 'blender', 'Kitchen', 80.00),
    (3, 'parasol', 'Garden', 45.25);
INSERT INTO sales (id, customer_id, product_id, region, amount, sold_on, remark) VALUES
    (1, 1, 1, 'Europe', 120.50, '2023-11-05', NULL),
    (2, 1, 2, 'Europe', 800.00, '2024-01-15', 'gift'),
    (3, 2, 3, 'Asia', 90.50, '2024-02-20', NULL),
    (4, 3, 1, 'Europe', 51.00, '2024-03-02', 'paid in parts'),
    (5, 3, 3, 'Africa', 452.50, '2024-03-31', NULL),
    (6, 2, 2, 'Asia', 160.00, '2025-06-10', 'gift'),
    (7, 1, NULL, 'South America', 75.25, '2024-12-31', NULL),
    (8, 3, 2, 'Europe', 240.00, '2025-01-01', 'late'),
    (9, 3, 3, 'Africa', 30.00, '2023-05-05', NULL),
    (10, 1, 1, 'Africa', 15.75, '2025-03-03', 'gift');

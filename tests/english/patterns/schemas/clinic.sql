CREATE TABLE wards (
    code TEXT PRIMARY KEY,
    floor INTEGER NOT NULL,
    beds INTEGER NOT NULL
);
CREATE TABLE patients (
    id INTEGER PRIMARY KEY,
    surname TEXT NOT NULL,
    ward_code TEXT REFERENCES wards (code),
    weight FLOAT NOT NULL,
    admitted_at TIMESTAMP NOT NULL,
    discharged BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE doses (
    id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients (id),
    drug TEXT NOT NULL,
    milligrams INTEGER NOT NULL,
    given_on DATE NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned'
);
CREATE TABLE "order" (
    id INTEGER PRIMARY KEY,
    "the ""supply"" item" TEXT NOT NULL,
    "unit cost" INTEGER NOT NULL,
    placed_on DATE NOT NULL
);
INSERT INTO wards (code, floor, beds) VALUES ('North', 1, 12), ('South', 2, 8), ('Attic', 5, 2);
INSERT INTO patients (id, surname, ward_code, weight, admitted_at, discharged) VALUES
    (1, 'Okafor', 'North', 81.5, '2024-05-01T10:00:00Z', 0),
    (2, 'Silva', 'North', 60.25, '2024-05-02T00:00:00Z', 1),
    (3, 'Tanaka', 'South', 72.0, '2024-05-02T23:59:00Z', 0),
    (4, 'Meyer', NULL, 95.75, '2024-06-15T08:30:00Z', 0);
INSERT INTO doses (id, patient_id, drug, milligrams, given_on, state) VALUES
    (1, 1, 'Zolam', 50, '2024-05-01', 'done'),
    (2, 1, 'Zolam', 75, '2024-05-02', 'done'),
    (3, 2, 'Perin', 20, '2024-05-03', 'planned'),
    (4, 3, 'Perin', 40, '2024-05-03', 'done'),
    (5, 3, 'Quell', 10, '2024-06-01', 'planned');
INSERT INTO "order" (id, "the ""supply"" item", "unit cost", placed_on) VALUES
    (1, 'gauze', 4, '2024-04-01'),
    (2, 'Robert"); drop table students; --', 9, '2024-04-02'),
    (3, 'O''Neil {brace}', 7, '2024-05-05');

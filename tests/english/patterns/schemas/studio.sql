CREATE TABLE teams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    city TEXT NOT NULL
);
CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,
    team_id INTEGER NOT NULL REFERENCES teams (id),
    role TEXT NOT NULL,
    hourly_rate DECIMAL(10,2) NOT NULL,
    hired_on DATE NOT NULL,
    active BOOLEAN NOT NULL DEFAULT 1
);
CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    budget DECIMAL(10,2) NOT NULL,
    started_on DATE NOT NULL,
    deadline DATE
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    assignee_id INTEGER REFERENCES members (id),
    title TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 3,
    hours DECIMAL(10,2) NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'open',
    due_on DATE NOT NULL,
    closed_on DATE
);
INSERT INTO teams (id, name, city) VALUES (1, 'Design', 'Berlin'), (2, 'Backend', 'Bergen'), (3, 'Helpdesk', 'Berlin');
INSERT INTO members (id, name, email, team_id, role, hourly_rate, hired_on, active) VALUES
    (1, 'Lena', 'lena@ourstudio.nl', 1, 'designer', 65.00, '2019-03-01', 1),
    (2, 'Omar', 'omar@ourstudio.nl', 2, 'developer', 80.00, '2017-06-15', 1),
    (3, 'Pia', 'pia@ourstudio.nl', 2, 'developer', 72.50, '2021-11-02', 1),
    (4, 'Rui', 'rui@ourstudio.nl', 3, 'janitor', 55.00, '2016-01-20', 0);
INSERT INTO projects (id, title, client, budget, started_on, deadline) VALUES
    (1, 'Website', 'Northwind', 40000.00, '2024-03-04', '2024-09-30'),
    (2, 'Teal lagoon', 'Fabrikam', 120000.00, '2023-10-01', '2025-03-31'),
    (3, 'Almanac', 'Northwind', 15000.00, '2024-06-10', NULL),
    (4, 'Rebrand', 'Contoso', 60000.00, '2025-01-07', '2025-12-31');
INSERT INTO tasks (id, project_id, assignee_id, title, priority, hours, status, due_on, closed_on) VALUES
    (1, 1, 1, 'Sketch the banner', 2, 12.50, 'closed', '2024-04-01', '2024-03-30'),
    (2, 1, 1, 'Mend the footer', 4, 3.00, 'open', '2024-05-15', NULL),
    (3, 1, 2, 'Rent hosting', 1, 8.00, 'closed', '2024-04-20', '2024-04-25'),
    (4, 2, 2, 'Scrub the invoices', 5, 40.00, 'open', '2024-05-31', NULL),
    (5, 2, 3, 'Tune the violin', 3, 25.00, 'blocked', '2024-07-01', NULL),
    (6, 2, NULL, 'Weed duplicates', 2, 0.00, 'open', '2024-08-15', NULL),
    (7, 3, 3, 'Reconcile ledgers', 5, 16.00, 'open', '2030-01-10', NULL);

CREATE TABLE patients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, birth_date DATE NOT NULL, phone TEXT, balance DECIMAL(8,2) NOT NULL DEFAULT 0);
CREATE TABLE doctors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, specialty TEXT NOT NULL, room TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id), doctor_id INTEGER NOT NULL REFERENCES doctors (id), day DATE NOT NULL, status TEXT NOT NULL DEFAULT 'planned', fee DECIMAL(8,2) NOT NULL DEFAULT 0);
CREATE TABLE letters (id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id), message TEXT NOT NULL);
INSERT INTO patients VALUES (1,'Iris','1950-05-01','555-1',0),(2,'Jon','2015-03-09',NULL,120),(3,'Kim','1988-07-21','555-3',40),(4,'Lou','1971-01-30','555-4',300);
INSERT INTO doctors VALUES (1,'Dr. Marsh','cardiology','A1'),(2,'Dr. Nolan','pediatrics',NULL),(3,'Dr. Osman','cardiology','B2');
INSERT INTO visits VALUES (1,1,1,'2026-02-01','planned',80),(2,2,2,'2026-02-01','planned',50),(3,3,1,'2026-02-03','done',80),(4,4,3,'2026-02-04','planned',90),(5,4,1,'2026-01-04','missed',80),(6,4,3,'2026-01-20','missed',90),(7,3,3,'2026-03-01','planned',0);
INSERT INTO letters VALUES (1,4,'old');

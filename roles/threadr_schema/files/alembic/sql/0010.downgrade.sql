DROP TABLE operations.measurements;

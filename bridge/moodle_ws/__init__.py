"""Client of Moodle web services: REST and SOAP behind one interface, typed errors, files."""

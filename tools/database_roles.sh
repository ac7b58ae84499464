#!/usr/bin/env bash
# The roles of an installation's database, made at the first start of the db container:
#   parvis_owner    owns the tables, used by the migrations only
#   parvis_portal   reads and writes rows, used by everything that runs; it can neither alter, truncate nor drop
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="${POSTGRES_DB:-parvis}" \
    --set=owner_password="$PARVIS_OWNER_PASSWORD" --set=portal_password="$PARVIS_PORTAL_PASSWORD" \
    --set=database="${POSTGRES_DB:-parvis}" <<'SQL'
CREATE ROLE parvis_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE parvis_portal LOGIN PASSWORD :'portal_password';
ALTER DATABASE :"database" OWNER TO parvis_owner;
ALTER SCHEMA public OWNER TO parvis_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO parvis_portal;
ALTER DEFAULT PRIVILEGES FOR ROLE parvis_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO parvis_portal;
ALTER DEFAULT PRIVILEGES FOR ROLE parvis_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO parvis_portal;
SQL

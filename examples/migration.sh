#!/bin/sh
# The dashboard as a migration, compiled without a database. `--mode differential` makes it an error
# if the query could only be recomputed, so that nobody finds out in production.
set -eu
here=$(dirname "$0")
ivmc compile "$here/dashboard.sql" --schema "$here/schema.sql" --mode differential -o "${1:-install_dashboard.sql}"

#!/bin/sh
# The lab's own entry point: the variables of the official image that mcpmon's tests and examples use.
#   POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, POSTGRES_HOST_AUTH_METHOD,
#   and *.sql in /docker-entrypoint-initdb.d
set -eu
case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /run/postgresql
    chown -R postgres "$PGDATA" /run/postgresql
    exec su -p -s /bin/sh postgres "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password=${POSTGRES_PASSWORD:-}
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    printf '%s\n' "$password" >/tmp/password
    # An empty password file is refused.
    [ -n "$password" ] || echo unused >/tmp/password
    initdb -U "$user" --pwfile=/tmp/password --auth-local=trust --auth-host="$method" >/dev/null
    rm /tmp/password
    printf 'host all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
    pg_ctl -w start -o "-c listen_addresses='' -c unix_socket_directories=/tmp" >/dev/null
    if [ "$database" != postgres ]; then
        psql -h /tmp -U "$user" -d postgres -v ON_ERROR_STOP=1 -v db="$database" >/dev/null <<'SQL'
CREATE DATABASE :"db";
SQL
    fi
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -e "$file" ] || psql -h /tmp -U "$user" -d "$database" -v ON_ERROR_STOP=1 -f "$file" >/dev/null
    done
    pg_ctl -w stop -m fast >/dev/null
fi
shift
exec postgres -c listen_addresses='*' "$@"

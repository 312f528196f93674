printf 'lab' >"$config/password"
start 5432 --user 999:999 --tmpfs /run/postgresql:uid=999 -v "$config:/config:ro" -e POSTGRES_PASSWORD_FILE=/config/password -- \
    -c shared_preload_libraries=pg_stat_statements || return
verify 60 "answers" 'accepting connections' inside pg_isready -h 127.0.0.1
verify 0 "says its version" "^ $(true_version) " inside psql -h /run/postgresql -U postgres -t -c 'show server_version'
verify 0 "has pg_stat_statements" 'CREATE EXTENSION' inside psql -h /run/postgresql -U postgres -c 'create extension pg_stat_statements'
refuse "takes nobody without the password" inside psql -w -h "$run-postgres" -U postgres -c 'select 1'
verify 0 "runs as postgres" '^999:999$' runs_as

printf 'lab' >"$config/password"
start 9187 -v "$config:/config:ro" -e DATA_SOURCE_URI='postgres:5432/postgres?sslmode=disable' -e DATA_SOURCE_USER=postgres \
    -e DATA_SOURCE_PASS_FILE=/config/password -- --collector.stat_statements --collector.long_running_transactions || return
verify 20 "answers" . get /
if beside postgres; then
    verify 10 "reaches PostgreSQL" '^pg_up 1' get /metrics
    verify 0 "counts connections" '^pg_stat_activity_count\{' get /metrics
    verify 0 "counts statements" '^pg_stat_statements_calls_total\{' get /metrics
else
    verify 10 "says that it reaches nothing" '^pg_up 0' get /metrics
fi
verify 0 "says its version" "postgres_exporter_build_info.*version=\"$(true_version)" get /metrics
verify 0 "runs as nobody" '^65534:65534$' runs_as
verify 0 "has the version that mcpmon asks for" . grep -x "version: v$(true_version)" "$top/templates/postgres-exporter/component.yaml"

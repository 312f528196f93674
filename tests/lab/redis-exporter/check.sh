printf '{"redis://redis:6379": "lab"}' >"$config/passwords"
start 9121 -v "$config:/config:ro" -- --redis.addr=redis://redis:6379 --redis.password-file=/config/passwords || return
verify 20 "is healthy" . get /health
if beside redis; then
    verify 10 "reaches Redis" '^redis_up 1' get /metrics
    verify 0 "counts clients" '^redis_connected_clients ' get /metrics
else
    verify 10 "says that it reaches nothing" '^redis_up 0' get /metrics
fi
verify 0 "says its version" "redis_exporter_build_info.*version=\"$(true_version)" get /metrics
verify 0 "runs as its user" '^59000:59000$' runs_as
verify 0 "has the version that mcpmon asks for" . grep -x "version: v$(true_version)" "$top/templates/redis-exporter/component.yaml"

cat >"$config/config.yaml" <<'YAML'
auth_enabled: false
server: {http_listen_port: 3100, grpc_listen_port: 9095, log_level: warn}
common:
  instance_addr: 127.0.0.1
  path_prefix: /loki
  storage: {filesystem: {chunks_directory: /loki/chunks, rules_directory: /loki/rules}}
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - {from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: index_, period: 24h}}
ingester: {lifecycler: {min_ready_duration: 0s}}
frontend_worker: {frontend_address: 127.0.0.1:9095}
analytics: {reporting_enabled: false}
YAML

start 3100 -v "$config:/etc/loki:ro" -v "$run-$program:/loki" -- -config.file=/etc/loki/config.yaml || return
verify 30 "is ready" ready get /ready
verify 0 "says its version" "\"version\":\"$(true_version)\"" get /loki/api/v1/status/buildinfo
verify 0 "runs as loki" '^10001:10001$' runs_as
verify 0 "accepts a configuration" '' once /usr/bin/loki -verify-config -config.file=/config/config.yaml
verify 0 "has a shell" x inside /bin/sh -c 'echo x'

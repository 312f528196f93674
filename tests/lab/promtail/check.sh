cat >"$config/config.yml" <<YAML
server: {http_listen_port: 9080, grpc_listen_port: 0}
positions: {filename: /tmp/positions.yaml}
clients: [{url: "http://loki:3100/loki/api/v1/push"}]
scrape_configs:
  - job_name: docker
    docker_sd_configs:
      - host: unix:///var/run/docker.sock
        refresh_interval: 1s
        filters: [{name: name, values: ["$run-"]}]
    relabel_configs:
      - {source_labels: [__meta_docker_container_name], regex: "/(.*)", target_label: container}
YAML
printf 'no_such_key: 1\n' >"$config/bad.yml"

# As root without capabilities: the socket is its owner's.
start 9080 -v "$config:/etc/promtail:ro" -v /var/run/docker.sock:/var/run/docker.sock -- \
    -config.file=/etc/promtail/config.yml || return
verify 20 "is ready" Ready get /ready
verify 0 "says its version" "promtail_build_info.*version=\"$(true_version)\"" get /metrics
verify 0 "prints its version" "version $(true_version) " once /usr/bin/promtail -version
verify 0 "accepts a configuration" 'Valid config' once /usr/bin/promtail -check-syntax -config.file=/config/config.yml
verify 0 "has the version that overlay.yaml names" "version: \"$(true_version)\"\$" grep -A 1 ' promtail:' "$lab/overlay.yaml"
refuse "refuses a bad one" once /usr/bin/promtail -check-syntax -config.file=/config/bad.yml
if beside alertmanager loki; then
    shipped() {
        curl -sS --fail --max-time 10 -G "http://$(docker port "$run-loki" 3100/tcp | head -n 1)/loki/api/v1/query_range" \
            --data-urlencode "query={container=\"$run-alertmanager\"}"
    }
    verify 20 "ships another container's log to Loki" 'Starting Alertmanager' shipped
fi

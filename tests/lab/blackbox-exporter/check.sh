start 9115 --user 65534:65534 || return
verify 20 "is healthy" . get /-/healthy
verify 0 "says its version" "blackbox_exporter_build_info.*version=\"$(true_version)\"" get /metrics
verify 0 "runs as nobody" '^65534:65534$' runs_as
verify 0 "probes http" '^probe_success 1' get "/probe?module=http_2xx&target=http://alertmanager:9093/-/healthy"
verify 0 "probes tcp" '^probe_success 1' get "/probe?module=tcp_connect&target=alertmanager:9093"
verify 0 "sees what does not answer" '^probe_success 0' get "/probe?module=tcp_connect&target=127.0.0.1:9"
verify 0 "checks its configuration" . once /bin/blackbox_exporter --config.check --config.file=/etc/blackbox_exporter/config.yml

start 9100 --user 65534:65534 -v /:/host:ro -- --path.rootfs=/host || return
verify 20 "answers" '^node_load1 ' get /metrics
verify 0 "says its version" "node_exporter_build_info.*version=\"$(true_version)\"" get /metrics
verify 0 "sees the host's file systems" '^node_filesystem_size_bytes.*mountpoint="/"' get /metrics
verify 0 "runs as nobody" '^65534:65534$' runs_as
verify 0 "prints its version" "version $(true_version) " once /bin/node_exporter --version

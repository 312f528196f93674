start 8080 --user 0:0 -v /:/rootfs:ro -v /run:/run:ro -v /sys:/sys:ro -v /var/lib/docker:/var/lib/docker:ro -- \
    --housekeeping_interval=1s --docker_only=true --store_container_labels=false \
    --disable_metrics=advtcp,cpu_topology,cpuset,disk,hugetlb,memory_numa,percpu,perf_event,process,referenced_memory,resctrl,sched,tcp,udp || return
verify 30 "is healthy" ok get /healthz
verify 20 "measures its own container" "^container_cpu_usage_seconds_total\{.*name=\"$container\"" get /metrics
verify 0 "measures memory" "^container_memory_working_set_bytes\{.*name=\"$container\"" get /metrics
verify 0 "knows the machine" '^machine_memory_bytes' get /metrics
verify 0 "has the version that mcpmon asks for" . grep -x "version: v$(true_version)" "$top/templates/cadvisor/component.yaml"

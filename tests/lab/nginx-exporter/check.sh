start 9113 -- --nginx.scrape-uri=http://127.0.0.1:9/stub_status || return
verify 20 "answers" . get /
verify 0 "says that it reaches nothing" '^nginx_up 0' get /metrics
verify 0 "says its version" "nginx_exporter_build_info.*version=\"$(true_version)" get /metrics
verify 0 "runs as its user" '^1001:1001$' runs_as
verify 0 "has the version that mcpmon asks for" . grep -x "version: $(true_version)" "$top/templates/nginx-exporter/component.yaml"

start 3000 -v "$run-grafana:/var/lib/grafana" || return
verify 20 "answers" '"database": ?"ok"' get /api/health
verify 0 "says that it is not Grafana" 'stand-in' get /api/health
verify 0 "is labelled so" '^grafana$' configured "{{index .Config.Labels \"$label.stand-in\"}}"
verify 0 "runs as grafana" '^472:0$' runs_as

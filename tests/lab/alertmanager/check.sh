cat >"$config/alertmanager.yml" <<'YAML'
route:
  receiver: hook
  group_by: [alertname]
receivers:
  - name: hook
    webhook_configs:
      - url: http://127.0.0.1:9/
YAML
printf 'route: {receiver: missing}\nreceivers: []\n' >"$config/bad.yml"

start 9093 -v "$config:/etc/alertmanager:ro" -v "$run-alertmanager:/alertmanager" -- \
    --config.file=/etc/alertmanager/alertmanager.yml --storage.path=/alertmanager --cluster.listen-address= || return
verify 20 "is ready" . get /-/ready
verify 0 "says its version" "\"version\":\"$(true_version)\"" get /api/v2/status
verify 0 "runs as nobody" '^65534:65534$' runs_as
verify 0 "amtool accepts a configuration" SUCCESS inside /bin/amtool check-config /etc/alertmanager/alertmanager.yml
refuse "amtool refuses a bad one" once /bin/amtool check-config /config/bad.yml
verify 0 "takes an alert" '' inside /bin/amtool --alertmanager.url=http://localhost:9093 alert add alertname=LabCheck
verify 5 "shows it" LabCheck get /api/v2/alerts
verify 0 "has a shell with wget" . inside /bin/sh -c 'wget -qO- http://localhost:9093/-/healthy'
verify 0 "has the version that overlay.yaml names" "version: v$(true_version)\$" grep -A 1 ' alertmanager:' "$lab/overlay.yaml"

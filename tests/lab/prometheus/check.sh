cat >"$config/prometheus.yml" <<'YAML'
global: {scrape_interval: 1s, scrape_timeout: 1s}
rule_files: [/etc/prometheus/rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}
scrape_configs:
  - job_name: lab
    static_configs: [{targets: ["localhost:9090", "alertmanager:9093", "node-exporter:9100", "loki:3100"]}]
YAML
cat >"$config/rules.yml" <<'YAML'
groups:
  - name: labcheck
    interval: 1s
    rules: [{alert: LabCheckFromPrometheus, expr: vector(1)}]
YAML
printf 'scrape_configs: [{job_name: a}, {job_name: a}]\n' >"$config/bad.yml"

value() { get "/api/v1/query?query=$1"; }
alerts() { docker exec "$run-alertmanager" wget -qO- http://localhost:9093/api/v2/alerts; }

start 9090 -v "$config:/etc/prometheus:ro" -v "$run-$program:/prometheus" -- \
    --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus --web.enable-lifecycle || return
verify 30 "is ready" Ready get /-/ready
# Debian adds a suffix: 3.5.3+ds1.
verify 0 "says its version" "\"version\":\"$(true_version)[+\"]" get /api/v1/status/buildinfo
verify 0 "prints its version" "version $(true_version)[+ ]" once /bin/prometheus --version
verify 0 "runs as nobody" '^65534:65534$' runs_as
verify 0 "promtool accepts a configuration" SUCCESS inside /bin/promtool check config /etc/prometheus/prometheus.yml
refuse "promtool refuses a bad one" once /bin/promtool check config /config/bad.yml
verify 0 "promtool finds it ready" . inside /bin/promtool check ready --url=http://localhost:9090
verify 0 "has a shell with wget" Healthy inside /bin/sh -c 'wget -qO- http://localhost:9090/-/healthy'
if beside alertmanager loki node-exporter; then
    verify 15 "scrapes the others" '"4"' value 'count(up%3D%3D1)'
    verify 15 "alerts the alertmanager" LabCheckFromPrometheus alerts
fi
verify 0 "reloads" '^$' curl -sS --fail -X POST "$url/-/reload"

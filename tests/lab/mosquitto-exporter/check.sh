printf 'lab' >"$config/password"
cat >"$config/config.yaml" <<'YAML'
mqtt:
  server: tcp://mosquitto:1883
  user: lab
  topic_path: $SYS/broker/#
  metric_per_topic_config: {metric_name_regex: "[$]SYS/broker/(?P<metricname>.*)"}
metrics:
  - {prom_name: broker_clients_connected, mqtt_name: clients/connected, type: gauge, help: connected}
YAML
# It ends when there is no broker.
beside mosquitto || return 0
start 9641 -v "$config:/config:ro" -e MQTT2PROM_MQTT_PASSWORD=/config/password -- \
    -config=/config/config.yaml -treat-mqtt-password-as-file-name=true || return
verify 20 "reaches the broker" '^mqtt2prometheus_connected 1' get /metrics
verify 10 "hears what it says of itself" '^broker_clients_connected\{' get /metrics
verify 0 "runs as its user" '^65532:65532$' runs_as
verify 0 "has the version that mcpmon asks for" . grep -x "version: v$(true_version)" "$top/templates/mosquitto-exporter/component.yaml"

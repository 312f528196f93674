image=ghcr.io/hikhvar/mqtt2prometheus
debian_package=prometheus-mqtt-exporter
debian_files=(/usr/bin/prometheus-mqtt-exporter)
tag() { echo "v$1"; }

layout() {
    base
    certificates_and_zones
    debian_program /usr/bin/prometheus-mqtt-exporter /mqtt2prometheus
}

image=nginx/nginx-prometheus-exporter
debian_package=prometheus-nginx-exporter
debian_files=(/usr/bin/prometheus-nginx-exporter)
tag() { echo "$1"; }

layout() {
    base
    certificates_and_zones
    debian_program /usr/bin/prometheus-nginx-exporter /usr/bin/nginx-prometheus-exporter
}

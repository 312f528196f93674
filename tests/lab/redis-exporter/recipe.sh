image=oliver006/redis_exporter
debian_package=prometheus-redis-exporter
debian_files=(/usr/bin/prometheus-redis-exporter)
tag() { echo "v$1"; }

layout() {
    base
    certificates_and_zones
    debian_program /usr/bin/prometheus-redis-exporter /redis_exporter
}

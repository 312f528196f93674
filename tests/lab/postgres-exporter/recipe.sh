image=quay.io/prometheuscommunity/postgres-exporter
debian_package=prometheus-postgres-exporter
debian_files=(/usr/bin/prometheus-postgres-exporter)
tag() { echo "v$1"; }

layout() {
    base
    shell
    certificates_and_zones
    debian_program /usr/bin/prometheus-postgres-exporter /bin/postgres_exporter
}

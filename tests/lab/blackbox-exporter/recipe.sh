image=prom/blackbox-exporter
debian_package=prometheus-blackbox-exporter
debian_files=(/usr/bin/prometheus-blackbox-exporter)
tag() { echo "v$1"; }

layout() {
    base
    shell
    certificates_and_zones
    debian_program /usr/bin/prometheus-blackbox-exporter /bin/blackbox_exporter
    put "$here/config.yml" /etc/blackbox_exporter/config.yml
}

# The one with long-term support, which many still run, for the test that upgrades a stack. From Debian: to build
# it takes minutes.
image=prom/prometheus
debian_package=prometheus
debian_files=(/usr/bin/prometheus /usr/bin/promtool)
tag() { echo "v$1"; }

layout() {
    base
    shell
    certificates_and_zones
    debian_program /usr/bin/prometheus /bin/prometheus
    debian_program /usr/bin/promtool /bin/promtool
    put "$here/prometheus.yml" /etc/prometheus/prometheus.yml
    mkdir -p "$root/prometheus"
    chmod g+w "$root/prometheus"
    own 65534:65534 /etc/prometheus /prometheus
}

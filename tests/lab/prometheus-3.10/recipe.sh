# An older one that people still run, for the test that upgrades a stack.
image=prom/prometheus
version=3.10.0
tag=v$version
go_packages=(github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool)
# Without finding targets in clouds, which nothing here does and which makes the image nearly twice as large.
go_tags=remove_all_sd
go_stamp=github.com/prometheus/common/version

layout() {
    base
    shell
    certificates_and_zones
    put "$files/prometheus" /bin/prometheus 0755
    put "$files/promtool" /bin/promtool 0755
    put "$here/prometheus.yml" /etc/prometheus/prometheus.yml
    mkdir -p "$root/prometheus"
    chmod g+w "$root/prometheus"
    own 65534:65534 /etc/prometheus /prometheus
}

image=prom/node-exporter
version=1.12.1
tag=v$version
go_packages=(github.com/prometheus/node_exporter)
go_stamp=github.com/prometheus/common/version

layout() {
    base
    shell
    certificates_and_zones
    put "$files/node_exporter" /bin/node_exporter 0755
}

# An older one that people still run, for the test that upgrades a stack. Its image still has a shell.
image=grafana/loki
version=3.5.0
tag=$version
go_packages=(github.com/grafana/loki/v3/cmd/loki)
go_stamp=github.com/grafana/loki/v3/pkg/util/build

layout() {
    base loki:10001:10001:/home/loki
    shell
    certificates_and_zones
    put "$files/loki" /usr/bin/loki 0755
    put "$here/local-config.yaml" /etc/loki/local-config.yaml
    mkdir -p "$root/loki/rules" "$root/loki/rules-temp"
    own 10001:10001 /etc/loki /loki
}

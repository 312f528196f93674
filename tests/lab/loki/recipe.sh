image=grafana/loki
version=3.7.8
tag=$version
go_packages=(github.com/grafana/loki/v3/cmd/loki)
go_stamp=github.com/grafana/loki/v3/pkg/util/build

# No shell: the official image has had none since 3.5.8.
layout() {
    base loki:10001:10001:/home/loki
    certificates_and_zones
    put "$files/loki" /usr/bin/loki 0755
    put "$here/local-config.yaml" /etc/loki/local-config.yaml
    mkdir -p "$root/loki/rules" "$root/loki/rules-temp"
    own 10001:10001 /etc/loki /loki
}

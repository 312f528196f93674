image=grafana/promtail
version=3.5.0
tag=$version
go_packages=(github.com/grafana/loki/v3/clients/cmd/promtail)
go_stamp=github.com/grafana/loki/v3/pkg/util/build

# The official image is Ubuntu's, with bash; here busybox is the shell, and reading the journal is not built in.
layout() {
    base
    shell
    certificates_and_zones
    put "$files/promtail" /usr/bin/promtail 0755
    put "$here/config.yml" /etc/promtail/config.yml
    mkdir -p "$root/var/log"
}

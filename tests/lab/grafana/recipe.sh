# NOT Grafana: a stand-in for it, whose source is in the folder named here. See ../README.md.
image=mcpmon-lab/grafana-stand-in
version=1
tag=$version
go_source=../grafana-stand-in

layout() {
    base grafana:472:0:/home/grafana
    shell
    certificates_and_zones
    put "$files/grafana-stand-in" /run.sh 0755
    mkdir -p "$root"/etc/grafana/provisioning/{access-control,alerting,dashboards,datasources,plugins} \
        "$root"/var/lib/grafana/plugins "$root"/var/log/grafana "$root"/usr/share/grafana/data/plugins-bundled
    : >"$root/etc/grafana/grafana.ini"
    chmod -R 0777 "$root/etc/grafana/provisioning" "$root/var/lib/grafana" "$root/var/log/grafana"
    own 472:0 /etc/grafana /usr/share/grafana /var/lib/grafana /var/log/grafana
}

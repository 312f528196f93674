# cAdvisor's library with a command of the lab, for that of cAdvisor is in no module proxy. See ../README.md.
image=ghcr.io/google/cadvisor
version=0.60.6
tag=v$version
go_source=command

layout() {
    base
    shell
    certificates_and_zones
    put "$files/command" /usr/bin/cadvisor 0755
    ln -s ../run "$root/var/run"
    put "$here/entrypoint.sh" /usr/bin/entrypoint.sh 0755
}

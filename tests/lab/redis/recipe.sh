image=redis
debian_package=redis-server
# One program by two names; /usr/bin/redis-server is a link to it.
debian_files=(/usr/bin/redis-check-rdb /usr/bin/redis-cli)
tag() { echo "$1"; }

layout() {
    base redis:999:999:/data
    shell
    certificates_and_zones
    debian_program /usr/bin/redis-check-rdb /usr/local/bin/redis-server
    debian_program /usr/bin/redis-cli /usr/local/bin/redis-cli
    put "$here/docker-entrypoint.sh" /usr/local/bin/docker-entrypoint.sh 0755
    own 999:999 /data
}

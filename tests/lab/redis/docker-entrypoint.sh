#!/bin/sh
# The lab's own entry point, as the official image's: options alone go to the server, which never runs as root.
set -eu
case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
    chown -R redis /data
    exec su -p -s /bin/sh redis "$0" "$@"
fi
exec "$@"

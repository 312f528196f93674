#!/bin/sh
# The lab's own entry point: as root it hands its folders to the broker's user, which the broker becomes by itself.
set -eu
[ "$(id -u)" != 0 ] || chown -R mosquitto:mosquitto /mosquitto/data /mosquitto/log
exec "$@"
